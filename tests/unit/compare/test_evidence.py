"""Held-out deviance block by block, the flat image beside it, and the scan that would do."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.catalogue.metric import Score
from tasks.compare.alignment.gauge import Gauge
from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.evaluator import ModelResult
from tasks.compare.truth_free.evidence import blocks_of, deviance_of_blocks, needed_scan
from tasks.compare.truth_free.half_sets import HalfSet, half_set_scores
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import Geometry, Scan, ScanHeader
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.simulate.exposure import count_photons

PARAMS = ComparisonParams(held_out_light_fraction=0.99)
GEOMETRY = Geometry(8000.0, 2.0, 75e-6)


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Return two halves of a scan, and the true object."""
    rng = np.random.default_rng(5)
    positions = jittered_raster(20, 20, 5.0, 0.7, rng) + 22.0
    side = int(positions.max()) + 24
    truth = make_object(ObjectParams(), (side, side), rng)
    probe = 100 * defocused_zone_plate_probe(32, 0.5, 0.2, 4.0)
    counts = count_photons(truth, positions, probe, rng)
    path = tmp_path_factory.mktemp("halves") / "scan.cxi"
    write_scan(path, Scan(counts, positions, probe, GEOMETRY, {}))
    is_odd = np.indices((20, 20)).sum(axis=0).ravel() % 2 == 1
    readers = [ScanReader(path, np.flatnonzero(half)) for half in (is_odd, ~is_odd)]
    return readers, ObjectWindow(truth, (0, 0))


def test_blocks_go_by_rows_from_the_top_left():
    corners = np.array([[0.0, 0.0], [0.0, 9.0], [4.5, 4.5], [9.0, 0.0], [9.0, 9.0]])
    assert blocks_of(corners, corners).tolist() == [0, 2, 4, 6, 8]


def test_the_blocks_together_have_the_deviance_of_the_whole(halves):
    readers, truth = halves
    pair = [HalfSet(reader, truth) for reader in readers]
    blocks = deviance_of_blocks(*pair, PARAMS)
    scores, _ = half_set_scores(*pair, PARAMS)
    assert len(blocks) == 9
    assert None not in blocks
    assert np.mean(blocks) == pytest.approx(scores["heldout_deviance_per_px"].value, rel=0.02)


def test_the_flat_image_is_worse_in_every_block(halves):
    readers, truth = halves
    flat = ObjectWindow(np.full_like(truth.object_, truth.object_.mean()), truth.origin_px)
    of_truth, of_flat = (
        deviance_of_blocks(*(HalfSet(reader, window) for reader in readers), PARAMS)
        for window in (truth, flat)
    )
    assert np.all(np.array(of_flat) > np.array(of_truth))


def header(**provenance):
    positions = jittered_raster(12, 20, 8.0, 0.0, np.random.default_rng(1)) + 40
    probe = defocused_zone_plate_probe(32, 0.5, 0.2, 4.0)
    return ScanHeader(positions, probe, GEOMETRY, provenance)


def result(ms_ssim):
    scores = {("ms_ssim", part): Score(ms_ssim) for part in ("amplitude", "phase")}
    return ModelResult(np.ones((2, 2), complex), Gauge(), {}, scores, 1.0, None)


def test_which_scan_would_do_is_told_of_a_test_region_without_ms_ssim():
    cut = {"axis": "y", "extent_px": [250.0, 152.0]}
    rectangle = (slice(10, 110), slice(0, 176))
    told = needed_scan(header(split="test", regions=cut), {"PtychoPINN": result(None)}, rectangle)
    # 76 px are lacking, of both regions.
    assert "spanning about 402 x 152 px" in told
    assert "about 52 x 20 positions at this step of 8 px" in told
    geometry_unknown = replace(header(split="test", regions=cut), geometry=Geometry.placeholder(32))
    assert " um" in told
    assert " um" not in needed_scan(geometry_unknown, {"A": result(None)}, rectangle)


@pytest.mark.parametrize(
    ("provenance", "ms_ssim"),
    [
        ({"split": "test", "regions": {"axis": "y", "extent_px": [250.0, 152.0]}}, 0.9),
        ({"split": "train", "regions": {"axis": "y", "extent_px": [250.0, 152.0]}}, None),
        ({"split": "test", "regions": {"axis": "y"}}, None),
        ({"split": "test"}, None),
    ],
)
def test_nothing_is_told_where_ms_ssim_is_there_or_the_cut_is_not_known(provenance, ms_ssim):
    rectangle = (slice(10, 110), slice(0, 176))
    assert needed_scan(header(**provenance), {"A": result(ms_ssim)}, rectangle) is None
