"""SSIM and MS-SSIM inside a mask, against what it means window by window."""

import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from tasks.catalogue.scoring.image_pair import ms_ssim, psnr, ssim, undefined_reason, wrapped_mae
from tasks.catalogue.scoring.similarity import halved, halved_mask, windows_inside

RNG = np.random.default_rng(2)
TRUTH = RNG.uniform(0, 1, (320, 331))
IMAGE = TRUTH + 0.2 * RNG.standard_normal(TRUTH.shape)
ROWS, COLUMNS = np.indices(TRUTH.shape)
DISC = np.hypot(ROWS - 160, COLUMNS - 165) < 158


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
    value = ssim(IMAGE[cut], TRUTH[cut], data_range=1.0, mask=mask)
    assert value == pytest.approx(_by_hand(IMAGE[cut], TRUTH[cut], mask), rel=1e-12)
    whole = ssim(IMAGE[cut], TRUTH[cut], data_range=1.0)
    assert value != pytest.approx(whole, abs=1e-4)


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_a_full_mask_changes_nothing_and_what_is_masked_out_may_be_anything(metric):
    full = np.ones(TRUTH.shape, dtype=bool)
    assert metric(IMAGE, TRUTH, data_range=1.0, mask=full) == metric(IMAGE, TRUTH, data_range=1.0)
    value = metric(IMAGE, TRUTH, data_range=1.0, mask=DISC)
    image, truth = np.where(DISC, IMAGE, np.nan), np.where(DISC, TRUTH, -7e8)
    assert metric(image, truth, data_range=1.0, mask=DISC) == pytest.approx(value, rel=1e-9)
    assert 0 < value < 1


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_a_mask_that_is_a_rectangle_is_like_a_cut(metric):
    mask = np.zeros(TRUTH.shape, dtype=bool)
    # Sixteen pixels aside, so that the coarsest pixels of both are the same.
    mask[:176, 16:192] = True
    cut = np.s_[:176, 16:192]
    value = metric(IMAGE, TRUTH, data_range=1.0, mask=mask)
    assert value == pytest.approx(metric(IMAGE[cut], TRUTH[cut], data_range=1.0), rel=1e-12)


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
    assert ssim(IMAGE, TRUTH, data_range=1.0, mask=thin) is None
    assert undefined_reason("ssim", TRUTH.shape, 1.0, thin) == (
        "ssim is not defined: no window of 11 x 11 px lies wholly inside the mask on scale 1 of 1"
    )
    small = np.hypot(ROWS - 95, COLUMNS - 100) < 40
    assert ssim(IMAGE, TRUTH, data_range=1.0, mask=small) is not None
    assert ms_ssim(IMAGE, TRUTH, data_range=1.0, mask=small) is None
    assert "on scale 4 of 5" in undefined_reason("ms_ssim", TRUTH.shape, 1.0, small)
    assert undefined_reason("ms_ssim", TRUTH.shape, 1.0, np.ones(TRUTH.shape, bool)) is None
    assert undefined_reason("psnr", TRUTH.shape, 1.0, thin) is None


@pytest.mark.parametrize("metric", [ssim, ms_ssim, psnr])
def test_bad_input_is_refused_with_the_cure(metric):
    with pytest.raises(ValueError, match="Cut them to one window"):
        metric(IMAGE[:-1], TRUTH, data_range=1.0)
    with pytest.raises(ValueError, match="Cut them to one window"):
        metric(IMAGE, TRUTH, data_range=1.0, mask=DISC[:-1])
    with pytest.raises(ValueError, match="Cut them to one window"):
        metric(IMAGE[None], TRUTH[None], data_range=1.0)
    with pytest.raises(ValueError, match="mask is empty"):
        metric(IMAGE, TRUTH, data_range=1.0, mask=np.zeros(TRUTH.shape, dtype=bool))
    with pytest.raises(ValueError, match=r"got int64. Compare it with a threshold"):
        metric(IMAGE, TRUTH, data_range=1.0, mask=DISC.astype(np.int64))
    broken = IMAGE.copy()
    broken[95, 100] = np.inf
    with pytest.raises(ValueError, match=r"1 of \d+ scored pixels of the image are not finite"):
        metric(broken, TRUTH, data_range=1.0, mask=DISC)
    with pytest.raises(ValueError, match="of the truth are not finite"):
        metric(IMAGE, broken, data_range=1.0)
    with pytest.raises(ValueError, match="largest minus the smallest"):
        metric(IMAGE, TRUTH, data_range=math.nan)


@pytest.mark.parametrize("metric", [ssim, ms_ssim, psnr])
def test_a_truth_without_contrast_has_no_value_and_a_flat_image_has_one(metric):
    flat = np.full(TRUTH.shape, 0.5)
    assert metric(IMAGE, flat, data_range=0.0) is None
    value = metric(flat, TRUTH, data_range=1.0, mask=DISC)
    assert np.isfinite(value)
    if metric is not psnr:
        assert 0 <= value < 0.2


def test_a_phase_error_is_wrapped_inside_the_mask():
    phase = np.where(DISC, TRUTH + 4 * np.pi, np.nan)
    assert wrapped_mae(phase, TRUTH, mask=DISC) == pytest.approx(0, abs=1e-12)
    assert wrapped_mae(TRUTH + 3.0, TRUTH - 3.0, mask=DISC) == pytest.approx(2 * np.pi - 6)
