from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tasks.catalogue.metrics.truth_free import METRIC as METRICS
from tasks.catalogue.scoring.frc import area, half_crossing_per_px
from tasks.compare.alignment.gauge import Gauge, apply_gauge
from tasks.compare.alignment.region import ComparisonParams, scored_region
from tasks.compare.truth_free.half_sets import (
    HalfSet,
    common_region,
    frc_of_half_sets,
    half_set_scores,
    overlap_reason,
)
from tasks.compare.truth_free.held_out import held_out_misfit, known_exposures
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.simulate.exposure import count_photons

PARAMS = ComparisonParams()
N_PX, N_ROWS, ORIGIN_PX = 32, 20, (5, 9)


def write_halves(folder, step_px, n_rows=N_ROWS, frame_px=None):
    """Write a scan; return readers of its two halves, a checkerboard, and the true window."""
    rng = np.random.default_rng(5)
    inside = jittered_raster(n_rows, n_rows, step_px, 0.15 * step_px, rng) + 22.0
    side = int(inside.max()) + 24
    truth = make_object(ObjectParams(), (side, side), rng)
    probe = 100 * defocused_zone_plate_probe(N_PX, 0.5, 0.2, 4.0)
    counts = count_photons(truth, inside, probe, rng)
    positions = inside + np.array(ORIGIN_PX)
    path = folder / "scan.cxi"
    write_scan(path, Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {}))
    is_odd = np.indices((n_rows, n_rows)).sum(axis=0).ravel() % 2 == 1
    readers = [ScanReader(path, np.flatnonzero(half)) for half in (is_odd, ~is_odd)]
    return readers, ObjectWindow(truth, ORIGIN_PX)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_halves(tmp_path_factory.mktemp("halves"), 5.0)


def noisy(window, size, seed, gauge=None):
    rng = np.random.default_rng(seed)
    shape = window.object_.shape
    noise = size * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)
    return replace(window, object_=apply_gauge(window.object_ + noise, gauge or Gauge()))


def between_halves(odd, even, region):
    return frc_of_half_sets(odd, even, region, 2.0).curve


def scores_of(odd, even, windows, params=PARAMS):
    scores, n_patterns = half_set_scores(
        HalfSet(odd, windows[0]), HalfSet(even, windows[1]), params
    )
    assert list(scores) == [metric.name for metric in METRICS]
    return scores, n_patterns


def test_two_noisy_copies_have_the_curve_of_their_signal_to_noise_ratio(study):
    (odd, even), truth = study
    region = common_region(odd.header, even.header, PARAMS)
    size = 0.25
    curve = between_halves(noisy(truth, size, 1), noisy(truth, size, 2), region)
    # The signal's share of the power on each ring, from many noise-free windows of the same kind:
    # the truth against itself plus noise has C^2 = S / (S + N).
    one_noisy = [between_halves(truth, noisy(truth, size, seed), region) for seed in range(3, 9)]
    expected = np.mean([one.correlation for one in one_noisy], axis=0) ** 2
    error = (1 - expected**2) / np.sqrt(curve.n_values)
    assert np.all(np.abs(curve.correlation - expected) < 5 * error + 0.01)
    assert expected.max() > 0.9 > 0.1 > expected.min()


def test_identical_halves_correlate_wholly(study):
    (odd, even), truth = study
    region = common_region(odd.header, even.header, PARAMS)
    curve = between_halves(truth, truth, region)
    np.testing.assert_allclose(curve.correlation, 1, atol=1e-6)


def test_pure_noise_does_not_correlate(study):
    (odd, even), truth = study
    region = common_region(odd.header, even.header, PARAMS)
    empty = replace(truth, object_=np.zeros_like(truth.object_))
    curve = between_halves(noisy(empty, 1.0, 1), noisy(empty, 1.0, 2), region)
    assert abs(area(curve)) < 0.05
    scores = curve.correlation * np.sqrt(curve.n_values)
    # The gauge aligns the lowest frequencies of whatever it is given.
    assert np.abs(scores[3:]).max() < 4


def test_the_gauge_between_the_halves_is_removed(study):
    (odd, even), truth = study
    region = common_region(odd.header, even.header, PARAMS)
    plain = between_halves(noisy(truth, 0.1, 1), noisy(truth, 0.1, 2), region)
    gauge = Gauge(1.7 * np.exp(2j), (0.02, -0.05), (0.4, -0.3))
    turned = between_halves(noisy(truth, 0.1, 1), noisy(truth, 0.1, 2, gauge), region)
    np.testing.assert_allclose(turned.correlation, plain.correlation, atol=0.02)
    assert area(plain) > 0.5


def test_unknown_pixels_outside_the_region_do_not_matter(study):
    (odd, even), truth = study
    region = common_region(odd.header, even.header, PARAMS)
    one, other = noisy(truth, 0.1, 1), noisy(truth, 0.1, 2)
    expected = between_halves(one, other, region).correlation
    lit = ObjectWindow(region.lit.astype(complex), region.box.corner_px)
    known = np.nan_to_num(lit.cut(truth.window).real) > 0
    broken = [replace(w, object_=np.where(known, w.object_, np.nan)) for w in (one, other)]
    np.testing.assert_allclose(between_halves(*broken, region).correlation, expected, atol=1e-9)


def test_the_region_is_what_both_halves_light(study):
    (odd, even), _ = study
    region = common_region(odd.header, even.header, PARAMS)
    one, other = (
        scored_region(half, PARAMS.coverage_fraction, PARAMS.erosion_px)
        for half in (odd.header, even.header)
    )
    assert region.box == one.box
    assert region.mask.sum() > 0.7 * one.mask.sum()
    top, left = (a - b for a, b in zip(one.box.corner_px, other.box.corner_px, strict=True))
    for row, column in [(30, 40), (0, 0), (50, 12), *np.argwhere(region.mask)[::199].tolist()]:
        assert region.mask[row, column] == (
            one.mask[row, column] and other.mask[row + top, column + left]
        )
    assert np.all(region.illumination <= one.illumination)


def test_a_patch_with_a_dark_rim_outside_of_the_light_can_be_predicted(study):
    (odd, even), truth = study
    name = "heldout_deviance_per_px"
    strict, n_strict = scores_of(odd, even, (truth, truth))
    some = PARAMS.model_copy(update={"held_out_light_fraction": 0.99})
    more, n_more = scores_of(odd, even, (truth, truth), some)
    assert n_strict < n_more < N_ROWS**2
    # What is not known is a hundredth of the light: the truth stays as likely as it was.
    assert more[name].value == pytest.approx(strict[name].value, rel=0.05)
    worse, _ = scores_of(odd, even, (noisy(truth, 0.2, 1),) * 2, some)
    assert worse[name].value > 1.1 * more[name].value


def test_a_model_has_five_scores_and_the_misfit_is_the_mean_of_both_ways(study):
    (odd, even), truth = study
    windows = noisy(truth, 0.1, 1), noisy(truth, 0.2, 2)
    scores, n_patterns = scores_of(odd, even, windows)
    assert {score.reason for score in scores.values()} == {None}
    region = common_region(odd.header, even.header, PARAMS)
    lit = ObjectWindow(np.where(region.lit, 1.0 + 0j, np.nan), region.box.corner_px)
    known = [replace(w, object_=w.object_ * lit.cut(w.window)) for w in windows]
    there, back = (
        held_out_misfit(reader, window, known_exposures(reader.header, window))
        for reader, window in zip((even, odd), known, strict=True)
    )
    deviance, factor, crossing, mean, seventh = (score.value for score in scores.values())
    assert deviance == pytest.approx((there.deviance_per_px + back.deviance_per_px) / 2)
    assert factor == pytest.approx((there.r_factor + back.r_factor) / 2)
    assert n_patterns == there.n_patterns + back.n_patterns < N_ROWS**2
    curve = between_halves(*windows, region)
    assert (crossing, mean) == (half_crossing_per_px(curve), area(curve))
    assert seventh == half_crossing_per_px(curve, 1 / 7)
    assert seventh > crossing


def test_the_truth_beats_what_both_halves_get_wrong_alike(study):
    """Blurred halves agree with each other; the held-out patterns see that they are wrong.

    The deviance does. The R factor does not at ten photons a pixel: where most pixels count none,
    an object that scatters less is nearer to their amplitudes than the truth is.
    """
    (odd, even), truth = study

    def values(window):
        scores, _ = scores_of(odd, even, (window, window))
        return {name: score.value for name, score in scores.items()}

    blurred = values(replace(truth, object_=gaussian_filter(truth.object_, 1.5)))
    best = values(truth)
    assert blurred["halves_frc_area"] == pytest.approx(1.0, abs=1e-3)
    assert blurred["heldout_deviance_per_px"] > 1.2 * best["heldout_deviance_per_px"]
    assert blurred["heldout_r_factor"] < best["heldout_r_factor"]


def test_a_curve_that_stays_above_the_level_has_a_reason(study):
    (odd, even), truth = study
    scores, _ = scores_of(odd, even, (truth, truth))
    half, mean, seventh = list(scores.values())[2:]
    assert (half.value, seventh.value) == (None, None)
    assert mean.value == pytest.approx(1.0)
    assert half.reason == "not crossed: above 0.5 up to Nyquist"
    assert seventh.reason == "not crossed: above 1 / 7 up to Nyquist"
    assert [score.reason for score in scores.values()].count(None) == 3


def test_halves_that_do_not_overlap_have_reasons_instead_of_values(tmp_path):
    (odd, even), truth = write_halves(tmp_path, 16.0, 8)
    scores, n_patterns = scores_of(odd, even, (truth, truth))
    assert n_patterns == 0
    for value, _, reason in scores.values():
        assert value is None
        assert "do not overlap (overlap_ratio -" in reason


def test_halves_that_overlap_have_no_reason(study):
    (odd, even), _ = study
    assert overlap_reason(odd.header, even.header) is None


def test_a_small_region_has_reasons_instead_of_values(tmp_path):
    (odd, even), truth = write_halves(tmp_path, 3.0, 4)
    scores, n_patterns = scores_of(odd, even, (truth, truth))
    assert n_patterns == 0
    for name in ("heldout_deviance_per_px", "heldout_r_factor"):
        assert scores[name].value is None
        assert "no held-out patch of 32 px" in scores[name].reason
    tight = ComparisonParams(erosion_px=9.0)
    scores, _ = scores_of(odd, even, (truth, truth), tight)
    assert "needs 16 px a side" in scores["halves_frc_area"].reason
    assert "needs 16 px a side" in scores["halves_frc_seventh_crossing_per_px"].reason


def test_flat_halves_have_no_correlation(study):
    (odd, even), truth = study
    flat = replace(truth, object_=np.ones_like(truth.object_))
    scores, _ = scores_of(odd, even, (flat, flat))
    assert scores["heldout_deviance_per_px"].value > 0
    assert scores["halves_frc_area"].value is None
    assert "no contrast" in scores["halves_frc_area"].reason


def test_halves_without_a_common_pixel_have_no_correlation(study):
    (odd, even), truth = study
    region = common_region(odd.header, even.header, PARAMS)
    far = replace(truth, origin_px=(900, 900))
    found = frc_of_half_sets(truth, far, region, 2.0)
    assert found.curve is None
    assert "0 x 0 px" in found.reason
