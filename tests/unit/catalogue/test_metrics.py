import math

import numpy as np
import pytest

from tasks.catalogue.metrics.complex_nrmse import complex_nrmse
from tasks.catalogue.metrics.mae import mae
from tasks.catalogue.metrics.ms_ssim import ms_ssim
from tasks.catalogue.metrics.mse import mse
from tasks.catalogue.metrics.psnr import psnr
from tasks.catalogue.metrics.ssim import ssim
from tasks.catalogue.scoring.image_pair import ImagePair, TrueImage

TRUTH = np.random.default_rng(0).uniform(0, 1, (176, 180))


def score(metric, image, truth, data_range=1.0, mask=None):
    return metric(ImagePair(image, TrueImage(truth, data_range, mask)))


def value(*args, **kwargs):
    return score(*args, **kwargs).value


def test_errors_of_a_constant_offset_have_closed_forms():
    image = TRUTH + 0.1
    assert value(mae, image, TRUTH) == pytest.approx(0.1)
    assert value(mse, image, TRUTH) == pytest.approx(0.01)
    assert value(psnr, image, TRUTH) == pytest.approx(20.0)
    assert value(psnr, image, TRUTH, 0.1) == pytest.approx(0.0, abs=1e-9)
    assert value(complex_nrmse, TRUTH * 1.2j, TRUTH * 1j) == pytest.approx(0.2)


def test_an_image_equals_itself():
    assert value(mae, TRUTH, TRUTH) == value(mse, TRUTH, TRUTH) == 0.0
    assert value(psnr, TRUTH, TRUTH) == math.inf
    assert value(ssim, TRUTH, TRUTH) == pytest.approx(1.0, abs=1e-12)
    assert value(ms_ssim, TRUTH, TRUTH) == pytest.approx(1.0, abs=1e-12)


def test_ssim_of_two_constants_is_their_luminance_alone():
    image, truth = np.full((20, 20), 0.2), np.full((20, 20), 0.6)
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert value(ssim, image, truth) == pytest.approx(expected)


def test_a_negative_contrast_counts_as_no_similarity():
    assert value(ms_ssim, 1 - TRUTH, TRUTH) == 0.0


def test_only_masked_pixels_are_scored():
    mask = np.zeros(TRUTH.shape, dtype=bool)
    mask[10:20, 10:20] = True
    image = np.where(mask, TRUTH + 0.5, np.nan)
    assert value(mae, image, TRUTH, mask=mask) == pytest.approx(0.5)
    assert value(psnr, image, TRUTH, mask=mask) == pytest.approx(-20 * math.log10(0.5))


@pytest.mark.parametrize("metric", [mae, mse, psnr, ssim, ms_ssim])
def test_a_mask_of_all_pixels_changes_nothing(metric):
    image, mask = TRUTH + 0.1, np.ones(TRUTH.shape, dtype=bool)
    assert value(metric, image, TRUTH, mask=mask) == value(metric, image, TRUTH)


def test_ms_ssim_under_176_px_is_undefined_with_the_reason():
    small = TRUTH[:175, :176]
    found = score(ms_ssim, small, small)
    assert found.value is None
    assert found.reason == "ms_ssim is not defined: 175 x 176 px, it needs 176 px on each side"
    assert score(ms_ssim, TRUTH[:, :176], TRUTH[:, :176]).reason is None
    assert value(ssim, TRUTH[:10, :20], TRUTH[:10, :20]) is None


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim])
def test_a_truth_without_contrast_has_no_similarity_and_no_psnr(metric):
    flat = np.ones((176, 176))
    found = score(metric, flat, flat, 0.0)
    assert found.value is None
    assert "no contrast" in found.reason


@pytest.mark.parametrize("metric", [mae, mse, psnr, ssim, ms_ssim, complex_nrmse])
def test_bad_images_are_refused(metric):
    with pytest.raises(ValueError, match="Cut them to one window"):
        value(metric, TRUTH, TRUTH[:-1])
    with pytest.raises(ValueError, match="Cut them to one window"):
        value(metric, TRUTH[None], TRUTH[None])
    with pytest.raises(ValueError, match="mask is empty"):
        value(metric, TRUTH, TRUTH, mask=np.zeros(TRUTH.shape, dtype=bool))
    with pytest.raises(ValueError, match=r"got int64. Compare it with a threshold"):
        value(metric, TRUTH, TRUTH, mask=np.ones(TRUTH.shape, dtype=np.int64))
    broken = TRUTH.copy()
    broken[3, 4] = np.nan
    with pytest.raises(ValueError, match="1 of 31680 scored pixels of the image are not finite"):
        value(metric, broken, TRUTH)
    with pytest.raises(ValueError, match="of the truth are not finite"):
        value(metric, TRUTH, broken)


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim])
@pytest.mark.parametrize("data_range", [-1.0, math.nan, math.inf, None])
def test_a_senseless_data_range_is_refused(metric, data_range):
    with pytest.raises(ValueError, match="largest minus the smallest"):
        value(metric, TRUTH, TRUTH, data_range)


def test_a_zero_truth_has_no_relative_error():
    with pytest.raises(ValueError, match="zero everywhere"):
        value(complex_nrmse, TRUTH, np.zeros_like(TRUTH))
