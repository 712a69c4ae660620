"""Light is measured at good pixels, after dark and background: gaps and markers are no light."""

import h5py
import numpy as np
import pytest

from flows.planning.measured_dose import photons_per_pattern
from tasks.core.files.scan_record import PixelFault
from tasks.ingest.checks.pattern_checks import check_detector
from tasks.ingest.files.patterns import array_patterns
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.bad_pixels import _dead
from tasks.ingest.preparation.marked_pixels import find_marked_pixels
from tasks.ingest.resolved_scan import open_scan

DATA = "entry_1/instrument_1/detector_1/data"
GAP = np.zeros((32, 32), dtype=bool)
GAP[:, 9:11] = GAP[21:23] = True
BLANK = [3, 50, 51, 52]


@pytest.fixture
def stored(written):
    """Write a CXI of another program whose patterns were changed, in any type."""

    def write(change, **datasets):
        path, _ = written("cxi")
        with h5py.File(path, "a") as file:
            counts = file[DATA][()]
            del file[DATA]
            file[DATA] = change(counts)
            for name, values in datasets.items():
                file[f"entry_1/instrument_1/detector_1/{name}"] = values
        return path

    return write


def marked_with(value, dtype):
    def change(counts):
        found = counts.astype(dtype)
        found[BLANK] = 0
        found[:, GAP] = value
        return found

    return change


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (2**32 - 1, np.uint32),
        (2**31 - 1, np.int32),
        (2**64 - 1, np.uint64),
        (65535, np.uint16),
        (65535, np.uint32),
        (255, np.uint16),
        (-1, np.int32),
        (-2, np.int16),
        (np.nan, np.float32),
        (2.0**32, np.float32),
        (1.25, np.float64),
        (0, np.uint16),
    ],
)
def test_gaps_are_masked_whatever_marks_them(stored, prepared, scan, value, dtype):
    path = stored(marked_with(value, dtype))
    found = prepared(path, patterns={"photons_per_unit": 1.0})
    np.testing.assert_array_equal(found.header.good_pixels, ~GAP)
    assert np.setdiff1d(np.arange(100), found.kept).tolist() == BLANK
    kept = np.setdiff1d(np.arange(100), BLANK)
    expected = scan.diffraction_counts[kept][:, ~GAP].sum() / len(kept)
    assert found.statistics.light[found.kept].mean() == pytest.approx(expected)
    assert found.central.counts.max() <= scan.diffraction_counts.max()


def test_the_folder_of_a_run_is_named_by_light_alone(stored, scan):
    path = stored(marked_with(2**32 - 1, np.uint32))
    expected = scan.diffraction_counts[:, ~GAP].sum() / len(scan)
    params = IngestParams.model_validate({"file": path})
    assert photons_per_pattern(open_scan(params.file, params), params) == pytest.approx(
        expected, rel=0.05
    )


def test_a_marker_that_was_scaled_with_its_pattern_is_found(stored, prepared):
    def normalise(counts):
        found = marked_with(65535, np.float64)(counts)
        return found * np.linspace(0.9, 1.1, len(found))[:, None, None]

    found = prepared(stored(normalise), patterns={"photons_per_pattern": 5000.0})
    np.testing.assert_array_equal(found.header.good_pixels, ~GAP)


def test_a_pixel_that_overflows_now_and_then_is_masked_and_named(stored, prepared):
    def overflow(counts):
        found = counts.astype(np.uint32)
        found[::7, 16, 16] = 2**32 - 1
        return found

    found = prepared(stored(overflow))
    assert np.argwhere(~found.header.good_pixels).tolist() == [[16, 16]]
    assert "marker_values" in {finding.code for finding in check_detector(found)}


def test_a_lost_pattern_is_left_out_and_masks_nothing(stored, prepared):
    def lose(counts):
        found = counts.astype(np.float32)
        found[17] = np.nan
        found[18] = -1
        return found

    found = prepared(stored(lose))
    assert found.header.good_pixels.all()
    assert np.setdiff1d(np.arange(100), found.kept).tolist() == [17, 18]


def test_a_hot_pixel_does_not_outshine_the_sample(stored, prepared, scan):
    rng = np.random.default_rng(1)

    def heat(counts):
        found = counts.astype(np.uint32)
        found[:, 2, 29] = rng.poisson(1e6, len(found))
        found[BLANK] = 0
        found[BLANK, 2, 29] = 10**6
        return found

    found = prepared(stored(heat))
    assert np.argwhere(found.bad_pixels.hot).tolist() == [[2, 29]]
    assert np.setdiff1d(np.arange(100), found.kept).tolist() == BLANK


@pytest.mark.parametrize("stack", [False, True])
def test_the_own_dark_of_a_file_is_subtracted(stored, prepared, scan, stack):
    dark = np.random.default_rng(2).uniform(3, 9, (32, 32)).round()
    frames = np.stack([dark, dark, dark]) if stack else dark
    path = stored(lambda counts: (counts + dark).astype(np.uint32), data_dark=frames)
    found = prepared(path)
    assert found.background.own_dark == "subtracted"
    light = scan.diffraction_counts.sum(axis=(1, 2))
    np.testing.assert_allclose(found.statistics.light, light)
    assert {f.code for f in check_detector(found)} == {"dark"}
    params = IngestParams.model_validate({"file": path})
    assert photons_per_pattern(open_scan(params.file, params), params) == pytest.approx(
        light.mean(), rel=0.02
    )


def test_a_dark_that_was_subtracted_before_is_not_subtracted_twice(stored, prepared, scan):
    dark = np.full((32, 32), 40.0)
    found = prepared(stored(lambda counts: counts, data_dark=dark))
    assert found.background.own_dark == "subtracted before"
    np.testing.assert_allclose(found.statistics.light, scan.diffraction_counts.sum(axis=(1, 2)))


def test_a_given_dark_may_be_a_stack_and_lack_values_in_gaps(stored, prepared, scan, tmp_path):
    dark = np.full((4, 32, 32), 7.0)
    dark[:, GAP] = np.nan
    np.save(tmp_path / "dark.npy", dark)

    def change(counts):
        return marked_with(2**32 - 1, np.uint32)(counts + 7)

    options = {"dark": {"file": tmp_path / "dark.npy"}}
    found = prepared(stored(change), patterns=options)
    kept = scan.diffraction_counts[found.kept][:, ~GAP].sum(axis=1)
    np.testing.assert_allclose(found.statistics.light[found.kept], kept)


def test_the_photons_that_were_given_are_those_after_the_background(stored, prepared):
    path = stored(lambda counts: (counts + 7) * 0.3137)
    asked = {"photons_per_pattern": 5000.0, "background_per_px": 1.0}
    found = prepared(path, patterns=asked)
    light = found.statistics.light.mean() * found.photon_scale.photons_per_unit
    assert light == pytest.approx(5000.0)


def test_a_pedestal_is_no_marker(scan):
    dim = np.where(np.hypot(*(np.indices((32, 32)) - 16)) < 12, scan.diffraction_counts, 0)
    found = find_marked_pixels(array_patterns(dim + 100, "nyx"))
    assert not found.gaps.any()
    assert not found.stuck.any()


@pytest.mark.parametrize("dose", [0.02, 0.3, 30.0])
def test_a_dim_pattern_has_no_gaps(dose):
    y, x = np.indices((64, 64)) - 31.5
    rates = dose * 400 / (1 + np.hypot(y, x) ** 3)
    counted = np.random.default_rng(3).poisson(rates * 200).astype(float)
    assert not _dead(counted, np.ones((64, 64), bool), np.zeros((64, 64), bool)).any()


def test_staggered_gaps_and_dead_blocks_are_found_in_a_dim_pattern():
    y, x = np.indices((64, 64)) - 31.5
    rates = 2000 / (1 + np.hypot(y, x) ** 2)
    gap = np.zeros((64, 64), bool)
    gap[:, 40:43] = gap[20:22, :40] = gap[30:32, 43:] = gap[40:48, 8:16] = True
    counted = np.where(gap, 0, np.random.default_rng(4).poisson(rates)).astype(float)
    dead = _dead(counted, np.ones((64, 64), bool), np.zeros((64, 64), bool))
    np.testing.assert_array_equal(dead, gap)


def test_stuck_pixels_are_hot_and_kept_on_demand(stored, prepared):
    def stick(counts):
        found = counts.astype(np.uint32)
        found[:, 4, 5] = 17
        return found

    path = stored(stick)
    assert prepared(path).header.pixel_mask[4, 5] == PixelFault.HOT
    assert prepared(path, patterns={"mask_found": False}).header.good_pixels.all()
