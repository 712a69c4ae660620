"""SSIM and PSNR against scikit-image, MS-SSIM and SSIM against TensorFlow."""

import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tasks.compare.metrics import ms_ssim, psnr, ssim

SHAPES = ((176, 176), (181, 207), (256, 240))


def _pair(shape, kind):
    rng = np.random.default_rng(5)
    truth = gaussian_filter(rng.standard_normal(shape), 2.0)
    truth = (truth - truth.min()) / np.ptp(truth)
    if kind == "noisy":
        return truth + 0.1 * rng.standard_normal(shape), truth
    if kind == "blurred":
        return gaussian_filter(truth, 2.0), truth
    if kind == "offset":
        return 0.8 * truth + 0.3, truth
    return np.full(shape, truth.mean()), truth


KINDS = ("noisy", "blurred", "offset", "flat")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_ssim_and_psnr_equal_those_of_scikit_image(shape, kind):
    image, truth = _pair(shape, kind)
    for data_range in (1.0, 0.37):
        expected = structural_similarity(
            image,
            truth,
            data_range=data_range,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert ssim(image, truth, data_range=data_range) == pytest.approx(expected, abs=1e-12)
        assert psnr(image, truth, data_range=data_range) == pytest.approx(
            peak_signal_noise_ratio(truth, image, data_range=data_range), abs=1e-12
        )


@pytest.fixture(scope="module")
def tensorflow():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf
    return tf


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_ms_ssim_and_ssim_equal_those_of_tensorflow_in_single_precision(tensorflow, shape, kind):
    image, truth = _pair(shape, kind)
    batch = [part[None, :, :, None].astype(np.float32) for part in (image, truth)]
    expected = float(tensorflow.image.ssim_multiscale(*batch, max_val=1.0)[0])
    assert ms_ssim(image, truth, data_range=1.0) == pytest.approx(expected, abs=1e-4)
    expected = float(tensorflow.image.ssim(*batch, max_val=1.0)[0])
    assert ssim(image, truth, data_range=1.0) == pytest.approx(expected, abs=1e-4)
