from dataclasses import replace

import numpy as np
import pytest

from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.region import scored_region
from tasks.compare.evaluator import scores_of
from tasks.compare.reference_object import ReferenceObject
from tasks.core.files.scan_record import Geometry, ScanHeader
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import scan_box
from tasks.core.geometry.scored_pixels import largest_rectangle
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe

oracle, blurred, flat = (RECONSTRUCTIONS.get(name).image for name in ("Oracle", "Blurred", "Flat"))


@pytest.fixture(scope="module")
def scan():
    positions = jittered_raster(9, 12, 4.0, 0.8, np.random.default_rng(1))
    positions += np.array([40.0, 53.0])
    probe = 30 * defocused_zone_plate_probe(32, 0.5, 0.2, 5.0)
    return ScanHeader(positions, probe, Geometry(8000.0, 2.0, 75e-6), {})


def test_the_box_holds_every_patch_and_no_more(scan):
    box = scan_box(scan.positions_px, scan.n_px)
    nearest = np.floor(scan.positions_px + 0.5).astype(int)
    assert box.corner_px == tuple(nearest.min(axis=0) - 16)
    assert box.shape == tuple(np.ptp(nearest, axis=0) + 32)


def test_scored_pixels_are_lit_and_away_from_unlit_ones(scan):
    region = scored_region(scan, 0.05, 4.0)
    threshold = 0.05 * np.percentile(region.illumination[region.illumination > 0], 95)
    rows, columns = np.nonzero(region.mask)
    for row, column in list(zip(rows, columns, strict=True))[::7]:
        around = region.illumination[row - 2 : row + 3, column - 2 : column + 3]
        assert around.shape == (5, 5)
        assert around.min() > threshold
    assert region.mask.sum() < region.lit.sum()
    assert np.all(region.weights[~region.mask] == 0)


def test_the_region_does_not_depend_on_where_the_scan_lies_in_the_object(scan):
    moved = replace(scan, positions_px=scan.positions_px + 100)
    here, there = scored_region(scan, 0.05, 4.0), scored_region(moved, 0.05, 4.0)
    np.testing.assert_array_equal(here.mask, there.mask)
    assert here.sha256 != there.sha256, "the fingerprint names the place too"
    assert here.sha256 == scored_region(scan, 0.05, 4.0).sha256


def test_a_region_without_pixels_is_refused(scan):
    with pytest.raises(ValueError, match="lower erosion_px"):
        scored_region(scan, 0.05, 64.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_rectangle_is_the_largest_of_all(seed):
    rng = np.random.default_rng(seed)
    mask = rng.uniform(size=(7, 9)) < 0.8
    rows, columns = largest_rectangle(mask)
    assert mask[rows, columns].all()
    best = max(
        (bottom - top) * (right - left)
        for top in range(7)
        for bottom in range(top + 1, 8)
        for left in range(9)
        for right in range(left + 1, 10)
        if mask[top:bottom, left:right].all()
    )
    assert (rows.stop - rows.start) * (columns.stop - columns.start) == best


def test_an_empty_mask_has_an_empty_rectangle():
    rows, columns = largest_rectangle(np.zeros((4, 5), dtype=bool))
    assert rows.stop == rows.start
    assert columns.stop == columns.start


def test_the_oracle_gives_the_truth_back_where_the_probe_reaches(scan):
    region = scored_region(scan, 0.05, 4.0)
    truth = make_object(ObjectParams(), region.box.shape, np.random.default_rng(2))
    stitched = oracle(truth, scan.positions_px - region.box.corner_px, scan.probe, region.mask)
    np.testing.assert_allclose(stitched[region.mask], truth[region.mask], rtol=1e-10)


def test_the_oracle_notices_positions_that_are_a_pixel_off(scan):
    region = scored_region(scan, 0.05, 4.0)
    truth = make_object(ObjectParams(), region.box.shape, np.random.default_rng(2))
    local = scan.positions_px - region.box.corner_px
    patches_elsewhere = oracle(np.roll(truth, 1, axis=0), local, scan.probe, region.mask)
    error = np.abs(np.abs(patches_elsewhere) - np.abs(truth))[region.mask].mean()
    assert error > 1e-2


def test_the_flat_image_has_the_mean_amplitude_and_phase(scan):
    region = scored_region(scan, 0.05, 4.0)
    truth = np.where(region.mask, 0.8 * np.exp(3.0j), 100.0)
    image = flat(truth, scan.positions_px, scan.probe, region.mask)
    np.testing.assert_allclose(image, np.full(truth.shape, 0.8 * np.exp(3.0j)))


@pytest.mark.parametrize(
    ("phase_range_rad", "similarities", "complex_error"),
    [((-1.0, 1.0), (0.85, 0.91), 0.20), ((-0.5, 0.5), (0.90, 0.90), 0.12)],
)
def test_the_blurred_truth_scores_what_it_is_known_to_score(
    phase_range_rad, similarities, complex_error
):
    """Leaves of 256 px; where phases differ by two radians, a blur mixes them into amplitude."""
    scores = []
    params = ObjectParams(phase_range_rad=phase_range_rad)
    for seed in range(3):
        truth = make_object(params, (256, 256), np.random.default_rng(seed))
        everywhere = np.ones(truth.shape, dtype=bool)
        image = blurred(truth, np.zeros((0, 2)), np.zeros((0, 0)), everywhere)
        reference = ReferenceObject(truth, everywhere, (slice(0, 256), slice(0, 256)))
        found = scores_of(reference.pairs(image))
        names = (("ms_ssim", "amplitude"), ("ms_ssim", "phase"), ("complex_nrmse", "value"))
        scores.append([found[name].value for name in names])
    mean = np.mean(scores, axis=0)
    np.testing.assert_allclose(mean, (*similarities, complex_error), atol=0.015)


def test_a_blur_keeps_the_mean_and_mirrors_the_edges():
    image = blurred(np.full((30, 40), 0.5 - 2j), np.zeros((0, 2)), np.zeros((0, 0)), None)
    np.testing.assert_allclose(image, 0.5 - 2j)
    point = np.zeros((41, 41), dtype=complex)
    point[20, 20] = 1j
    spread = blurred(point, np.zeros((0, 2)), np.zeros((0, 0)), None)
    offsets = np.arange(-20, 21)
    assert spread.sum() == pytest.approx(1j)
    assert (np.abs(spread).sum(axis=0) @ offsets**2) == pytest.approx(4.0, rel=0.01)
