"""Preparation: what is cut, counted, masked and placed, and that all of it is on record."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import PixelFault
from tasks.core.physics.forward import back_propagate, propagate
from tasks.core.physics.probe import energy_diameter_px
from tasks.ingest.preparation.bad_pixels import find_saturation
from tasks.ingest.preparation.photon_scale import photon_quantum
from tasks.ingest.preparation.probe_guess import estimate_probe


@pytest.fixture
def file(tmp_path, scan):
    """Write the scan, its counts changed by a function."""

    def write(change=lambda counts: counts, **fields):
        counts = change(scan.diffraction_counts.copy())
        write_scan(tmp_path / "scan.cxi", replace(scan, diffraction_counts=counts, **fields))
        return tmp_path / "scan.cxi"

    return write


def changed_in(path, change):
    """Store other values than counts in a CXI, as floating point."""
    name = "entry_1/instrument_1/detector_1/data"
    with h5py.File(path, "a") as file:
        values = change(file[name][()].astype(np.float64))
        del file[name]
        file[name] = values
    return path


def as_written(found, tmp_path):
    found.write_scan_cxi(tmp_path / "out.cxi")
    return read_scan(tmp_path / "out.cxi")


def test_cropping_makes_object_pixels_larger_and_keeps_metres(file, prepared, scan, tmp_path):
    out = as_written(prepared(file(), n_px=24), tmp_path)
    np.testing.assert_array_equal(out.diffraction_counts, scan.diffraction_counts[:, 4:28, 4:28])
    metres = [
        np.ptp(s.positions_px, axis=0) * s.geometry.object_pixel_m(s.n_px) for s in (out, scan)
    ]
    np.testing.assert_allclose(metres[0], metres[1], rtol=1e-9)
    # The probe loses the frequencies that the patterns lose, and stays where it is.
    kept = propagate(scan.probe)[4:28, 4:28]
    expected = back_propagate(kept)
    factor = np.vdot(expected, out.probe) / np.vdot(expected, expected)
    np.testing.assert_allclose(out.probe, factor * expected, atol=1e-6 * np.abs(out.probe).max())


def test_binning_adds_counts_up_and_keeps_object_pixels(file, prepared, scan, tmp_path):
    out = as_written(prepared(file(), patterns={"binning": 2}), tmp_path)
    assert out.n_px == 16
    assert out.diffraction_counts.sum() == scan.diffraction_counts.sum()
    assert out.geometry.object_pixel_m(16) == pytest.approx(scan.geometry.object_pixel_m(32))
    np.testing.assert_allclose(
        np.ptp(out.positions_px, axis=0), np.ptp(scan.positions_px, axis=0), rtol=1e-9
    )


def test_patches_of_prepared_positions_lie_inside_their_frame(file, prepared):
    header = prepared(file()).header
    assert np.all(header.positions_px.min(axis=0) >= header.n_px // 2)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ({"transpose": True}, lambda counts: counts.swapaxes(1, 2)),
        ({"flip_y": True}, lambda counts: np.roll(counts[:, ::-1], 1, axis=1)),
        ({"flip_x": True}, lambda counts: np.roll(counts[:, :, ::-1], 1, axis=2)),
    ],
)
def test_patterns_are_turned_about_the_zero_frequency(
    file, prepared, scan, tmp_path, turns, expected
):
    out = as_written(prepared(file(), patterns=turns), tmp_path)
    np.testing.assert_array_equal(out.diffraction_counts, expected(scan.diffraction_counts))


def test_recentring_takes_the_centre_of_mass(file, prepared, scan):
    path = file(lambda counts: np.roll(counts, 3, axis=2))
    found = prepared(path, patterns={"recentre": "mass"})
    assert found.crop.centre_px == (16, 19)
    assert found.crop.n_px == 26


def test_a_side_that_does_not_fit_is_refused(file, prepared):
    with pytest.raises(ValueError, match=r"at most 32 px.*Lower --n-px"):
        prepared(file(), n_px=48)


def test_normalised_photons_come_back_exactly(file, prepared, scan, tmp_path):
    path = changed_in(file(), lambda counts: (counts / 771.3).astype(np.float32))
    found = prepared(path)
    assert found.photon_scale.how == "lattice"
    assert found.photon_scale.photons_per_unit == pytest.approx(771.3, rel=1e-5)
    np.testing.assert_array_equal(
        as_written(found, tmp_path).diffraction_counts, scan.diffraction_counts
    )


def test_a_lattice_is_found_where_no_value_is_one_photon():
    photons = np.sort(np.random.default_rng(3).poisson(40, 5000)).astype(float)
    assert photon_quantum(photons * 0.0127) == pytest.approx(0.0127, rel=1e-6)


def test_values_on_no_lattice_have_no_quantum():
    values = np.sort(np.random.default_rng(3).gamma(2.0, 1.0, 5000))
    assert photon_quantum(values) is None


def test_values_without_a_scale_are_asked_for_it(file, prepared, scan, tmp_path):
    rng = np.random.default_rng(4)
    path = changed_in(file(), lambda counts: counts / 50 * rng.uniform(0.9, 1.1, counts.shape))
    with pytest.raises(ValueError, match=r"--patterns\.photons-per-pattern"):
        prepared(path)
    found = prepared(path, patterns={"photons_per_pattern": 5000.0})
    assert found.photon_scale.how == "photons_per_pattern"
    out = as_written(found, tmp_path)
    assert out.diffraction_counts.sum() / len(out) == pytest.approx(5000, rel=0.02)
    assert out.provenance["measured"]["scale_from"] == "photons_per_pattern"


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_values_that_no_photons_make_are_refused_or_masked(file, prepared, tmp_path, value):
    def spoil(counts):
        counts[5, 3, 7] = value
        return counts

    path = changed_in(file(), spoil)
    with pytest.raises(ValueError, match=r"pattern 5 at \(row, column\) \(3, 7\).*invalid mask"):
        prepared(path)
    out = as_written(prepared(path, patterns={"invalid": "mask"}), tmp_path)
    assert np.argwhere(out.pixel_mask == PixelFault.INVALID).tolist() == [[3, 7]]
    assert not out.diffraction_counts[:, 3, 7].any()


def test_dark_and_background_are_subtracted(file, prepared, scan, tmp_path):
    path = changed_in(file(), lambda counts: counts + 7)
    np.save(tmp_path / "dark.npy", np.full((32, 32), 4.0))
    patterns = {"dark": {"file": tmp_path / "dark.npy"}, "background_per_px": 3.0}
    out = as_written(prepared(path, patterns=patterns), tmp_path)
    np.testing.assert_array_equal(out.diffraction_counts, scan.diffraction_counts)
    assert out.provenance["measured"]["background_subtracted"] is True


def test_hot_dead_and_saturated_pixels_are_found_and_masked(file, prepared, scan, tmp_path):
    brightest = np.unravel_index(scan.diffraction_counts.sum(axis=0).argmax(), (32, 32))
    well = int(np.percentile(scan.diffraction_counts[:, *brightest], 60))
    dead = (brightest[0] + 3, brightest[1])

    def spoil(counts):
        counts = np.minimum(counts, well)
        counts[:, 1, 30] = well // 2
        counts[:, *dead] = 0
        return counts

    found = prepared(file(spoil))
    assert np.argwhere(found.bad_pixels.hot).tolist() == [[1, 30]]
    assert np.argwhere(found.bad_pixels.dead).tolist() == [list(dead)]
    assert found.bad_pixels.saturation == well
    assert found.bad_pixels.saturated[brightest]
    out = as_written(found, tmp_path)
    assert out.pixel_mask[1, 30] == PixelFault.HOT
    assert out.pixel_mask[dead] == PixelFault.DEAD
    assert out.provenance["measured"]["masked_pixels"]["hot"] == 1
    assert out.provenance["dose"]["saturated_fraction"] == 0
    kept = prepared(file(spoil), patterns={"mask_found": False})
    assert kept.header.good_pixels.all()
    share = as_written(kept, tmp_path).provenance["dose"]["saturated_fraction"]
    assert share == np.mean(scan.diffraction_counts >= well) > 0


def test_a_clean_scan_has_no_faults(file, prepared):
    found = prepared(file())
    assert found.header.good_pixels.all()
    assert found.bad_pixels.saturation is None


def test_the_largest_counts_of_a_clean_scan_are_no_plateau():
    values = np.sort(np.random.default_rng(1).poisson(300, 100_000))[::-1]
    assert find_saturation(values[:2000].astype(float)) is None


def test_exposures_without_light_are_left_out_and_named(file, prepared, scan, tmp_path):
    def close_shutter(counts):
        counts[[3, 50]] = 0
        return counts

    out = as_written(prepared(file(close_shutter)), tmp_path)
    assert len(out) == 98
    assert out.provenance["measured"]["left_out"] == [3, 50]
    np.testing.assert_array_equal(out.diffraction_counts[3], scan.diffraction_counts[4])


def test_all_masked_and_all_dark_are_refused(file, prepared, tmp_path):
    np.save(tmp_path / "mask.npy", np.zeros((32, 32)))
    mask = {"file": tmp_path / "mask.npy", "sense": "nonzero_is_good"}
    with pytest.raises(ValueError, match=r"masked everywhere.*--mask\.sense"):
        prepared(file(), mask=mask)
    with pytest.raises(ValueError, match="Check the shutter"):
        prepared(file(np.zeros_like))


def test_a_probe_of_the_wrong_size_is_refused(file, prepared, tmp_path):
    np.save(tmp_path / "probe.npy", np.ones((48, 48), dtype=complex))
    with pytest.raises(ValueError, match=r"48 x 48 px.*--probe\.origin estimated"):
        prepared(file(), probe={"file": tmp_path / "probe.npy"})


def test_a_probe_carries_the_photons_of_the_mean_pattern(file, prepared):
    found = prepared(file())
    light = np.sum(np.abs(found.header.probe) ** 2)
    assert light == pytest.approx(found.statistics.light.mean(), rel=1e-6)


def test_a_guess_of_several_modes_is_stored_as_such(file, prepared, tmp_path):
    out = as_written(prepared(file(), probe={"n_modes": 3}), tmp_path)
    assert out.modes.shape == (3, 32, 32)


def test_a_zone_plate_gives_the_wave_that_its_optics_say(file, prepared, scan):
    geometry = scan.geometry
    # The aperture reaches 0.4 of the highest frequency of the patterns.
    edge = 32 * geometry.detector_pixel_m / (2 * geometry.distance_m)
    zone = geometry.wavelength_m / (2 * 0.4 * edge)
    optics = {"origin": "optics", "outermost_zone_m": zone, "defocus_m": 0.0}
    pattern = np.abs(propagate(prepared(file(), probe=optics).header.probe)) ** 2
    rows, columns = np.indices((32, 32)) - 16
    lit = np.hypot(rows, columns)[pattern > pattern.max() / 2]
    assert lit.max() == pytest.approx(0.4 * 16, abs=0.75)
    with pytest.raises(ValueError, match=r"--probe\.outermost-zone-m"):
        prepared(file(), probe={"origin": "optics"})


@pytest.mark.parametrize("reach", [-0.8, 0.8])
def test_rays_of_an_estimated_probe_leave_where_they_should(reach):
    rows, columns = np.indices((64, 64)) - 32
    disc = (np.hypot(rows, columns) < 20).astype(float)
    probe = estimate_probe(disc, reach)
    assert energy_diameter_px(probe) == pytest.approx(2 * 20 * abs(reach) * np.sqrt(0.9), rel=0.1)
    # Light of one side of the detector alone comes from one side of the sample.
    wave = np.fft.fftshift(back_propagate(propagate(np.fft.ifftshift(probe)) * (columns > 8)))
    centre = np.sum(columns * np.abs(wave) ** 2) / np.sum(np.abs(wave) ** 2)
    assert np.sign(centre) == np.sign(reach)


def test_everything_that_was_done_is_in_the_file(file, prepared, tmp_path):
    out = as_written(prepared(file(), n_px=28), tmp_path)
    record = out.provenance["measured"]
    assert record["parameters"]["file"] == "scan.cxi"
    assert record["n_px"] == 28
    assert record["stored_shape"] == [100, 32, 32]
    assert out.provenance["dose"]["measured_photons_per_pattern"] == pytest.approx(
        out.diffraction_counts.sum() / len(out)
    )
