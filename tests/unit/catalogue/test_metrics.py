import math

import numpy as np
import pytest

from tasks.catalogue.scoring.image_pair import (
    complex_nrmse,
    mae,
    ms_ssim,
    mse,
    psnr,
    ssim,
    undefined_reason,
    wrapped_mae,
)

TRUTH = np.random.default_rng(0).uniform(0, 1, (176, 180))


def test_errors_of_a_constant_offset_have_closed_forms():
    image = TRUTH + 0.1
    assert mae(image, TRUTH) == pytest.approx(0.1)
    assert mse(image, TRUTH) == pytest.approx(0.01)
    assert psnr(image, TRUTH, data_range=1.0) == pytest.approx(20.0)
    assert psnr(image, TRUTH, data_range=0.1) == pytest.approx(0.0, abs=1e-9)
    assert complex_nrmse(TRUTH * 1.2j, TRUTH * 1j) == pytest.approx(0.2)


def test_an_image_equals_itself():
    assert mae(TRUTH, TRUTH) == mse(TRUTH, TRUTH) == 0.0
    assert psnr(TRUTH, TRUTH, data_range=1.0) == math.inf
    assert ssim(TRUTH, TRUTH, data_range=1.0) == pytest.approx(1.0, abs=1e-12)
    assert ms_ssim(TRUTH, TRUTH, data_range=1.0) == pytest.approx(1.0, abs=1e-12)


def test_ssim_of_two_constants_is_their_luminance_alone():
    image, truth = np.full((20, 20), 0.2), np.full((20, 20), 0.6)
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert ssim(image, truth, data_range=1.0) == pytest.approx(expected)


def test_a_negative_contrast_counts_as_no_similarity():
    assert ms_ssim(1 - TRUTH, TRUTH, data_range=1.0) == 0.0


def test_only_masked_pixels_are_scored():
    mask = np.zeros(TRUTH.shape, dtype=bool)
    mask[10:20, 10:20] = True
    image = np.where(mask, TRUTH + 0.5, np.nan)
    assert mae(image, TRUTH, mask) == pytest.approx(0.5)
    assert psnr(image, TRUTH, data_range=1.0, mask=mask) == pytest.approx(-20 * math.log10(0.5))


@pytest.mark.parametrize("metric", [mae, mse, psnr, ssim, ms_ssim])
def test_all_metrics_are_called_alike(metric):
    image = TRUTH + 0.1
    mask = np.ones(TRUTH.shape, dtype=bool)
    whole = metric(image, TRUTH, data_range=1.0)
    assert metric(image, TRUTH, data_range=1.0, mask=mask) == whole
    if metric in (mae, mse):
        assert metric(image, TRUTH) == whole


def test_a_full_turn_is_no_phase_error():
    phase = np.linspace(-3, 3, 64).reshape(8, 8)
    assert wrapped_mae(phase + 2 * np.pi, phase) == pytest.approx(0, abs=1e-12)
    assert wrapped_mae(np.full((2, 2), 3.1), np.full((2, 2), -3.1)) == pytest.approx(
        2 * np.pi - 6.2
    )


def test_ms_ssim_under_176_px_is_undefined_with_the_reason():
    small = TRUTH[:175, :176]
    assert ms_ssim(small, small, data_range=1.0) is None
    assert undefined_reason("ms_ssim", small.shape, 1.0) == (
        "ms_ssim is not defined: 175 x 176 px, it needs 176 px on each side"
    )
    assert undefined_reason("ms_ssim", (176, 176), 1.0) is None
    assert ssim(TRUTH[:10, :20], TRUTH[:10, :20], data_range=1.0) is None


def test_a_truth_without_contrast_has_no_similarity_and_no_psnr():
    flat = np.ones((176, 176))
    assert ssim(flat, flat, data_range=0.0) is None
    assert ms_ssim(flat, flat, data_range=0.0) is None
    assert psnr(flat, flat, data_range=0.0) is None
    assert "no contrast" in (undefined_reason("psnr", (176, 176), 0.0) or "")


@pytest.mark.parametrize("metric", [mae, mse, wrapped_mae, complex_nrmse])
def test_bad_images_are_refused(metric):
    with pytest.raises(ValueError, match="Cut them to one window"):
        metric(TRUTH, TRUTH[:-1])
    with pytest.raises(ValueError, match="mask is empty"):
        metric(TRUTH, TRUTH, np.zeros(TRUTH.shape, dtype=bool))
    broken = TRUTH.copy()
    broken[3, 4] = np.nan
    with pytest.raises(ValueError, match="1 of 31680 scored pixels of the image are not finite"):
        metric(broken, TRUTH)
    with pytest.raises(ValueError, match="of the truth are not finite"):
        metric(TRUTH, broken)


@pytest.mark.parametrize("data_range", [-1.0, math.nan, math.inf])
def test_a_senseless_data_range_is_refused(data_range):
    with pytest.raises(ValueError, match="largest minus the smallest"):
        ssim(TRUTH, TRUTH, data_range=data_range)


def test_a_zero_truth_has_no_relative_error():
    with pytest.raises(ValueError, match="zero everywhere"):
        complex_nrmse(TRUTH, np.zeros_like(TRUTH))
