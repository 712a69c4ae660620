"""Masks of single patterns become one: what that loses is told, with the patterns that cause it."""

import h5py
import numpy as np
import pytest

from tasks.ingest.checks.statement_checks import check_statements
from tasks.ingest.file_options import MaskSense
from tasks.ingest.file_scan import FileMask

DETECTOR = "entry_1/instrument_1/detector_1"


@pytest.fixture
def masked(written):
    """Write a CXI with a mask for each of its 100 patterns."""

    def write(mask):
        path, _ = written("cxi")
        with h5py.File(path, "a") as file:
            del file[f"{DETECTOR}/mask"]
            file[f"{DETECTOR}/mask"] = mask.astype(np.uint32)
        return path

    return write


def told(found):
    return [one for one in check_statements(found) if one.code == "frame_masks"]


def bad_frames():
    mask = np.zeros((100, 32, 32))
    mask[:, 3, 4] = mask[17, :8] = mask[60, 20:, :16] = 1
    return mask


def test_a_few_bad_frames_are_named_and_left_out_with_the_option(masked, prepared):
    path = masked(bad_frames())
    (found,) = told(prepared(path))
    assert "43% of what single patterns trust is lost. Patterns 17, 60 cause it" in found.message
    assert found.cure == "Leave them out: --positions.leave-out 17 --positions.leave-out 60."
    cured = prepared(path, positions={"leave_out": (17, 60)})
    assert not told(cured)
    assert np.argwhere(~cured.scan.good).tolist() == [[3, 4]]


def test_little_that_is_lost_is_no_finding(masked, prepared):
    mask = np.zeros((100, 32, 32))
    mask[40, 5, :20] = 1
    assert not told(prepared(masked(mask)))


def test_a_gap_that_all_share_loses_nothing(masked, prepared):
    mask = np.zeros((100, 32, 32))
    mask[:, :8] = 1
    assert not told(prepared(masked(mask)))


def test_many_frames_that_distrust_are_counted(masked, prepared):
    mask = np.zeros((100, 32, 32), dtype=int)
    for index in range(50):
        mask[index, index // 2, :] = 1
    (found,) = told(prepared(masked(mask)))
    assert "50 patterns distrust what most trust" in found.message
    assert "Export the scan again with one mask" in found.cure


def test_masks_that_leave_no_pixel_name_the_frames_that_do_it(masked, prepared):
    mask = np.zeros((100, 32, 32))
    mask[5, :16] = mask[6, 16:] = 1
    path = masked(mask)
    with pytest.raises(ValueError, match=r"--positions\.leave-out 5 --positions\.leave-out 6"):
        prepared(path)
    assert prepared(path, positions={"leave_out": (5, 6)}).scan.good.all()


def test_frames_without_a_position_mask_nothing():
    mask = FileMask.of(bad_frames(), MaskSense.ZERO_IS_GOOD)
    used = np.ones(100, dtype=bool)
    used[[17, 60]] = False
    assert mask.loss(MaskSense.ZERO_IS_GOOD, used) is None
    good, _ = mask.good(MaskSense.ZERO_IS_GOOD, used)
    assert np.argwhere(~good).tolist() == [[3, 4]]
