from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import poisson

from tasks.compare.truth_free import held_out as truth_free
from tasks.compare.truth_free.held_out import (
    INTENSITY_FLOOR,
    held_out_misfit,
    known_exposures,
    misfit_of,
    predicted_intensity,
)
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import Geometry, PixelFault, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.forward import fourier_shift
from tasks.core.physics.probe import coherent_probe, defocused_zone_plate_probe, incoherent_modes
from tasks.simulate.exposure import count_photons

GEOMETRY = Geometry(8000.0, 2.0, 75e-6)
N_PX, SIDE_PX, ORIGIN_PX = 32, 110, (7, 13)


def expected_deviance(intensity):
    """Return E[2 (I - D + D ln(D / I))] = 2 (E[D ln D] - I ln I), summed over Poisson's law."""
    grid = np.geomspace(1e-6, max(intensity.max(), 1.0), 300)
    counts = np.arange(int(grid[-1] + 12 * np.sqrt(grid[-1]) + 30))
    d_ln_d = counts * np.log(np.maximum(counts, 1))
    on_grid = [2 * (poisson.pmf(counts, i) @ d_ln_d - i * np.log(i)) for i in grid]
    return np.interp(np.log(np.maximum(intensity, grid[0])), np.log(grid), on_grid)


def complex_noise(rng, shape, size):
    return size * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def make_scan(photons, n_modes=1, seed=3):
    """Return a scan of 10 x 10 exposures, and the true object in a window of the frame."""
    rng = np.random.default_rng(seed)
    truth = make_object(ObjectParams(), (SIDE_PX, SIDE_PX), rng)
    inside = jittered_raster(10, 10, 7.0, 1.5, rng) + 23.0
    probe = np.sqrt(photons) * defocused_zone_plate_probe(N_PX, 0.5, 0.2, 4.0)
    modes = incoherent_modes(probe, n_modes, 0.5)
    counts = count_photons(truth, inside, modes, rng)
    scan = Scan(
        counts,
        inside + np.array(ORIGIN_PX),
        coherent_probe(modes),
        GEOMETRY,
        {},
        modes if n_modes > 1 else None,
    )
    return scan, ObjectWindow(truth, ORIGIN_PX)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write scans once: by photons and number of modes."""
    folder, made = tmp_path_factory.mktemp("scans"), {}

    def write(photons=1e4, n_modes=1):
        if (photons, n_modes) not in made:
            scan, window = make_scan(photons, n_modes)
            path = folder / f"{photons:g}_{n_modes}.cxi"
            write_scan(path, scan)
            made[photons, n_modes] = ScanReader(path), window, scan
        return made[photons, n_modes]

    return write


def misfit(reader, window):
    return held_out_misfit(reader, window, known_exposures(reader.header, window))


def poisson_deviance_per_px(counts, intensity, good=None):
    return _misfit_of(counts, intensity, good).deviance_per_px


def r_factor(counts, intensity, good=None):
    return _misfit_of(counts, intensity, good).r_factor


def _misfit_of(counts, intensity, good):
    everywhere = np.ones(counts.shape[-2:], dtype=bool)
    return misfit_of(counts, intensity, everywhere if good is None else good)


def deviance_of(reader, window, object_):
    return misfit(reader, replace(window, object_=object_)).deviance_per_px


@settings(max_examples=30)
@given(seed=st.integers(0, 2**31), level=st.floats(0.01, 1e4))
def test_the_deviance_is_twice_the_likelihood_that_lacks(seed, level):
    rng = np.random.default_rng(seed)
    intensity = level * rng.random((3, 8, 8)) + 1e-3
    counts = rng.poisson(intensity)
    lacking = poisson.logpmf(counts, counts) - poisson.logpmf(counts, intensity)
    assert poisson_deviance_per_px(counts, intensity) == pytest.approx(
        2 * lacking.mean(), rel=1e-6, abs=1e-9
    )


def test_known_deviances():
    counts, intensity = np.array([[[0, 3], [5, 1]]]), np.array([[[0.5, 3.0], [5.0, 2.0]]])
    by_hand = (2 * 0.5 + 0 + 0 + 2 * (2 - 1 + np.log(0.5))) / 4
    assert poisson_deviance_per_px(counts, intensity) == pytest.approx(by_hand)
    assert poisson_deviance_per_px(counts, counts) == pytest.approx(INTENSITY_FLOOR / 2)


def test_a_photon_where_none_was_expected_costs_a_finite_deviance():
    counts, intensity = np.array([[[1]]]), np.array([[[0.0]]])
    assert poisson_deviance_per_px(counts, intensity) == pytest.approx(
        2 * (np.log(1 / INTENSITY_FLOOR) - 1), rel=1e-5
    )


@pytest.mark.parametrize("level", [0.003, 0.1, 1.0, 10.0, 1000.0])
def test_the_true_intensity_has_the_deviance_of_poissons_law(level, rng):
    counts = rng.poisson(level, (40, 64, 64))
    found = poisson_deviance_per_px(counts, np.full(counts.shape, level))
    exact = float(expected_deviance(np.array([level]))[0])
    assert found == pytest.approx(exact, abs=6 * np.sqrt(2 / counts.size), rel=0.02)
    if level >= 1000:
        assert exact == pytest.approx(1.0, abs=1e-3)


def test_known_r_factors(rng):
    counts, intensity = np.array([[[4, 9]]]), np.array([[[1.0, 16.0]]])
    assert r_factor(counts, intensity) == pytest.approx((1 + 1) / (2 + 3))
    noise_free = rng.random((4, 8, 8))
    assert r_factor(noise_free, noise_free) == 0
    assert r_factor(100 * counts, 100 * intensity) == pytest.approx(0.4)


@pytest.mark.parametrize("function", [poisson_deviance_per_px, r_factor])
def test_bad_detector_pixels_do_not_count(function, rng):
    counts, intensity = rng.poisson(3.0, (5, 8, 8)).astype(float), rng.random((5, 8, 8)) + 2
    good = rng.random((8, 8)) > 0.3
    expected = function(counts[:, good][:, None], intensity[:, good][:, None])
    counts[:, ~good], intensity[:, ~good] = np.nan, -1.0
    assert function(counts, intensity, good) == pytest.approx(expected)


@pytest.mark.parametrize("function", [poisson_deviance_per_px, r_factor])
def test_bad_patterns_are_refused_with_their_cure(function):
    counts = np.ones((2, 4, 4))
    with pytest.raises(ValueError, match=r"\(2, 4, 4\), \(1, 4, 4\).*Predict the same patterns"):
        function(counts, counts[:1])
    with pytest.raises(ValueError, match="ends in that of the mask"):
        function(counts, counts, np.ones((3, 3), dtype=bool))
    with pytest.raises(ValueError, match="Check the scan's pixel mask"):
        function(counts, counts, np.zeros((4, 4), dtype=bool))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="16 of 32 good pixels of the intensity are negative"):
            function(counts, np.stack([counts[0], np.full((4, 4), bad)]))
    with pytest.raises(ValueError, match="No photon was counted"):
        r_factor(0 * counts, counts)


@pytest.mark.parametrize(("photons", "n_modes"), [(300.0, 1), (1e4, 1), (1e4, 3), (1e7, 1)])
def test_the_truth_has_the_deviance_that_shot_noise_makes(written, photons, n_modes):
    reader, window, _ = written(photons, n_modes)
    found = misfit(reader, window)
    intensity = predicted_intensity(reader.header, window, reader.header.positions_px)
    exact = expected_deviance(intensity).mean()
    assert found.n_patterns == len(reader) == 100
    assert found.deviance_per_px == pytest.approx(exact, abs=6 * np.sqrt(2 / intensity.size))
    if photons == 1e7:
        assert found.deviance_per_px == pytest.approx(1.0, abs=0.03)


def test_shot_noise_keeps_the_r_factor_of_the_truth_above_zero_and_photons_lower_it(written):
    """It moves an amplitude by a half, whatever its size."""
    factors = [misfit(*written(photons)[:2]).r_factor for photons in (300.0, 1e4, 1e7)]
    assert factors == sorted(factors, reverse=True)
    assert 0 < factors[-1] < 0.05


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**31),
    size=st.floats(0.05, 1.0),
    kind=st.sampled_from(["noise", "blur", "scale", "ramp", "shift"]),
)
def test_no_perturbed_object_explains_the_patterns_better_than_the_truth(written, seed, size, kind):
    reader, window, _ = written(1e4, 3)
    truth, rng = window.object_, np.random.default_rng(seed)
    rows = np.arange(SIDE_PX)[:, None]
    perturbed = {
        "noise": lambda: truth + complex_noise(rng, truth.shape, size),
        "blur": lambda: gaussian_filter(truth, 0.5 + size),
        "scale": lambda: truth * (1 + size * rng.choice([-0.9, 1])),
        "ramp": lambda: truth * np.exp(1j * size * rows),
        "shift": lambda: fourier_shift(truth, np.array([[size, 0.0]]))[0],
    }[kind]()
    assert deviance_of(reader, window, perturbed) > deviance_of(reader, window, truth)


def test_a_global_phase_is_invisible_and_the_scale_is_not(written):
    reader, window, _ = written()
    truth = misfit(reader, window)
    turned = misfit(reader, replace(window, object_=window.object_ * np.exp(2j)))
    assert turned.deviance_per_px == pytest.approx(truth.deviance_per_px, rel=1e-9)
    assert turned.r_factor == pytest.approx(truth.r_factor, rel=1e-9)
    for factor in (0.9, 1.1):
        scaled = misfit(reader, replace(window, object_=factor * window.object_))
        assert scaled.deviance_per_px > 1.05 * truth.deviance_per_px


def test_positions_count_to_a_fraction_of_a_pixel_and_so_do_all_modes(written):
    reader, window, _ = written(1e6, 3)
    truth = misfit(reader, window).deviance_per_px
    moved = ScanReader(reader._path)
    moved.header = replace(moved.header, positions_px=np.round(moved.header.positions_px))
    assert misfit(moved, window).deviance_per_px > 3 * truth
    coherent = ScanReader(reader._path)
    coherent.header = replace(coherent.header, modes=None)
    assert misfit(coherent, window).deviance_per_px > 3 * truth


def test_streaming_equals_the_whole(written, monkeypatch):
    reader, window, scan = written()
    intensity = predicted_intensity(scan.header, window, scan.positions_px)
    counts = scan.diffraction_counts
    for pixels in (1, 7 * N_PX**2, 10**9):
        monkeypatch.setattr(truth_free, "CHUNK_PIXELS", pixels)
        found = misfit(reader, window)
        assert found.deviance_per_px == pytest.approx(poisson_deviance_per_px(counts, intensity))
        assert found.r_factor == pytest.approx(r_factor(counts, intensity))


def test_patches_that_touch_an_unknown_pixel_are_left_out(written):
    reader, window, scan = written()
    object_ = window.object_.copy()
    object_[40, 60] = np.nan
    holed = replace(window, object_=object_)
    corners = np.floor(scan.positions_px - ORIGIN_PX + 0.5) - N_PX // 2
    hit = np.all((corners <= (40, 60)) & (corners + N_PX > (40, 60)), axis=1)
    assert 0 < hit.sum() < 60
    np.testing.assert_array_equal(known_exposures(reader.header, holed), np.flatnonzero(~hit))
    found = misfit(reader, holed)
    assert found.n_patterns == 100 - hit.sum()
    assert np.isfinite(found.deviance_per_px)


def test_patches_that_leave_the_window_are_left_out(written):
    reader, window, scan = written()
    origin = (ORIGIN_PX[0] + 20, ORIGIN_PX[1])
    part = ObjectWindow(window.object_[20:90, :], origin)
    corners = np.floor(scan.positions_px - origin + 0.5) - N_PX // 2
    inside = (corners[:, 0] >= 0) & (corners[:, 0] + N_PX <= 70)
    assert 20 < inside.sum() < 80
    np.testing.assert_array_equal(known_exposures(reader.header, part), np.flatnonzero(inside))


def test_hot_pixels_of_the_detector_do_not_count(written, tmp_path):
    _, window, scan = written()
    mask = np.zeros((N_PX, N_PX), dtype=np.uint32)
    mask[3, 5] = mask[16, 16] = PixelFault.HOT
    counts = scan.diffraction_counts.copy()
    counts[:, mask > 0] = 60000
    write_scan(tmp_path / "hot.cxi", replace(scan, diffraction_counts=counts, pixel_mask=mask))
    found = misfit(ScanReader(tmp_path / "hot.cxi"), window)
    intensity = predicted_intensity(scan.header, window, scan.positions_px)
    good = mask == 0
    assert found.deviance_per_px == pytest.approx(
        poisson_deviance_per_px(scan.diffraction_counts, intensity, good)
    )
