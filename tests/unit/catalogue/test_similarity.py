"""SSIM and MS-SSIM inside a mask, against what it means window by window."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from tasks.catalogue.metrics.ms_ssim import ms_ssim
from tasks.catalogue.metrics.psnr import psnr
from tasks.catalogue.metrics.ssim import ssim
from tasks.catalogue.scoring.image_pair import ImagePair, TrueImage
from tasks.catalogue.scoring.similarity import halved, halved_mask, windows_inside

RNG = np.random.default_rng(2)
TRUTH = RNG.uniform(0, 1, (320, 331))
IMAGE = TRUTH + 0.2 * RNG.standard_normal(TRUTH.shape)
ROWS, COLUMNS = np.indices(TRUTH.shape)
DISC = np.hypot(ROWS - 160, COLUMNS - 165) < 158


def score(metric, image, truth, data_range=1.0, mask=None):
    return metric(ImagePair(image, TrueImage(truth, data_range, mask)))


def value(*args, **kwargs):
    return score(*args, **kwargs).value


def _by_hand(image, truth, mask):
    """Return the mean similarity of the windows inside the mask, one window after another."""
    offsets = np.arange(-5, 6)
    line = np.exp(-0.5 * (offsets / 1.5) ** 2)
    weights = np.outer(line, line) / line.sum() ** 2
    windows = [sliding_window_view(part, (11, 11)) for part in (image, truth, mask)]
    values = []
    for one, two, held in zip(*(part.reshape(-1, 11, 11) for part in windows), strict=True):
        if held.all():
            means = (weights * one).sum(), (weights * two).sum()
            squares = [(weights * part**2).sum() for part in (one, two)]
            variances = [square - mean**2 for square, mean in zip(squares, means, strict=True)]
            covariance = (weights * one * two).sum() - means[0] * means[1]
            values.append(
                (2 * means[0] * means[1] + 1e-4)
                / (means[0] ** 2 + means[1] ** 2 + 1e-4)
                * (2 * covariance + 9e-4)
                / (variances[0] + variances[1] + 9e-4)
            )
    return np.mean(values)


def test_ssim_in_a_mask_is_the_mean_over_windows_that_lie_wholly_inside():
    cut = np.s_[:60, :50]
    mask = np.hypot(ROWS - 30, COLUMNS - 25)[cut] < 22
    found = value(ssim, IMAGE[cut], TRUTH[cut], mask=mask)
    assert found == pytest.approx(_by_hand(IMAGE[cut], TRUTH[cut], mask), rel=1e-12)
    assert found != pytest.approx(value(ssim, IMAGE[cut], TRUTH[cut]), abs=1e-4)


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_a_full_mask_changes_nothing_and_what_is_masked_out_may_be_anything(metric):
    full = np.ones(TRUTH.shape, dtype=bool)
    assert value(metric, IMAGE, TRUTH, mask=full) == value(metric, IMAGE, TRUTH)
    found = value(metric, IMAGE, TRUTH, mask=DISC)
    image, truth = np.where(DISC, IMAGE, np.nan), np.where(DISC, TRUTH, -7e8)
    assert value(metric, image, truth, mask=DISC) == pytest.approx(found, rel=1e-9)
    assert 0 < found < 1


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_a_mask_or_a_rectangle_is_like_a_cut(metric):
    mask = np.zeros(TRUTH.shape, dtype=bool)
    # Sixteen pixels aside, so that the coarsest pixels of both are the same.
    mask[:176, 16:192] = True
    cut = np.s_[:176, 16:192]
    expected = pytest.approx(value(metric, IMAGE[cut], TRUTH[cut]), rel=1e-12)
    assert value(metric, IMAGE, TRUTH, mask=mask) == expected
    assert metric(ImagePair(IMAGE, TrueImage(TRUTH, 1.0, mask, cut))).value == expected


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_the_blocks_of_a_masked_image_have_its_value_as_their_mean(metric):
    found = score(metric, IMAGE, TRUTH, mask=DISC)
    assert found.blocks.mean() == pytest.approx(found.value, rel=1e-12)


def test_a_coarse_pixel_counts_if_all_of_its_four_do():
    mask = np.ones((5, 4), dtype=bool)
    mask[1, 2] = mask[4, 0] = False
    expected = [[True, False], [True, True], [False, True]]
    np.testing.assert_array_equal(halved_mask(mask), expected)
    np.testing.assert_array_equal(halved(mask.astype(float)) == 1, expected)


def test_a_window_counts_if_all_of_its_pixels_do():
    mask = np.ones((20, 30), dtype=bool)
    mask[10, 15] = False
    inside = windows_inside(mask)
    assert inside.shape == (10, 20)
    np.testing.assert_array_equal(inside, sliding_window_view(mask, (11, 11)).all(axis=(2, 3)))
    assert not windows_inside(mask[:10]).any()


def test_a_mask_that_keeps_no_window_on_a_scale_has_no_value_and_the_scale_is_named():
    thin = np.zeros(TRUTH.shape, dtype=bool)
    thin[:, 50:60] = True
    assert score(ssim, IMAGE, TRUTH, mask=thin)[::2] == (
        None,
        "ssim is not defined: no window of 11 x 11 px lies wholly inside the mask on scale 1 of 1",
    )
    small = np.hypot(ROWS - 95, COLUMNS - 100) < 40
    assert value(ssim, IMAGE, TRUTH, mask=small) is not None
    found = score(ms_ssim, IMAGE, TRUTH, mask=small)
    assert found.value is None
    assert "on scale 4 of 5" in found.reason
    assert value(psnr, IMAGE, TRUTH, mask=thin) is not None


@pytest.mark.parametrize("metric", [ssim, ms_ssim, psnr])
def test_a_flat_image_has_a_value(metric):
    found = value(metric, np.full(TRUTH.shape, 0.5), TRUTH, mask=DISC)
    assert np.isfinite(found)
    if metric is not psnr:
        assert 0 <= found < 0.2
