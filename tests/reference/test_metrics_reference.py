"""Metrics against implementations of other people, two or more each, to 1e-4 and 176 px or more.

SSIM and PSNR: scikit-image, TensorFlow, torchmetrics. MS-SSIM: TensorFlow, torchmetrics,
pytorch-msssim. An odd side repeats its last line here and in TensorFlow; torchmetrics drops that
line and pytorch-msssim adds zeros, so both are asked for sides that stay even. Errors:
scikit-image and the definition.

The packages for torch are no test dependencies: pip puts their wheels into a temporary folder, and
a child process runs them, because TensorFlow and torch never share one.
"""

import json
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import (
    mean_squared_error,
    normalized_root_mse,
    peak_signal_noise_ratio,
    structural_similarity,
)

from tasks.catalogue.metrics import METRICS
from tasks.catalogue.scoring.image_pair import ImagePair, TrueImage
from tasks.compare.reference_object import differences

SHAPES = ((176, 176), (181, 207), (256, 240), (177, 353))
EVEN_SHAPES = ((176, 176), (256, 240))
KINDS = ("noisy", "blurred", "offset", "shifted", "flat")
PACKAGES = ("torchmetrics==1.9.0", "lightning-utilities==0.15.3", "pytorch-msssim==1.0.0")
CHILD = Path(__file__).with_name("torchmetrics_child.py")


def value(metric, image, truth, data_range=1.0, mask=None):
    """Return what the catalogue's metric says, by the function that a run calls."""
    pair = ImagePair(image, TrueImage(truth, data_range, mask))
    return METRICS.get(metric).score(pair).value


def _pair(shape, kind):
    rng = np.random.default_rng(5)
    truth = gaussian_filter(rng.standard_normal(shape), 2.0)
    truth = (truth - truth.min()) / np.ptp(truth)
    images = {
        "noisy": truth + 0.1 * rng.standard_normal(shape),
        "blurred": gaussian_filter(truth, 2.0),
        "offset": 0.8 * truth + 0.3,
        "shifted": np.roll(truth, (2, -1), axis=(0, 1)),
        "flat": np.full(shape, truth.mean()),
    }
    return images[kind], truth


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
        assert value("ssim", image, truth, data_range) == pytest.approx(expected, abs=1e-12)
        assert value("psnr", image, truth, data_range) == pytest.approx(
            peak_signal_noise_ratio(truth, image, data_range=data_range), abs=1e-12
        )


def _border_of_half_windows(mask):
    """Return the pixels whose window lies inside the mask, by plain loops over the offsets."""
    inside = mask.copy()
    for row in range(-5, 6):
        for column in range(-5, 6):
            inside &= np.roll(mask, (row, column), axis=(0, 1))
    inside[:5] = inside[-5:] = False
    inside[:, :5] = inside[:, -5:] = False
    return inside


@pytest.mark.parametrize("kind", KINDS)
def test_ssim_in_a_mask_is_the_mean_of_the_map_of_scikit_image(kind):
    image, truth = _pair((181, 207), kind)
    rows, columns = np.indices(truth.shape)
    mask = np.hypot(rows - 90, columns - 100) < 80
    _, similarities = structural_similarity(
        image,
        truth,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    expected = similarities[_border_of_half_windows(mask)].mean()
    assert value("ssim", image, truth, mask=mask) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_errors_equal_those_of_scikit_image_and_their_definition(shape, kind):
    image, truth = _pair(shape, kind)
    assert value("mse", image, truth) == pytest.approx(mean_squared_error(truth, image), rel=1e-12)
    pixels = list(zip(image.ravel().tolist(), truth.ravel().tolist(), strict=True))
    n = len(pixels)
    assert value("mse", image, truth) == pytest.approx(
        math.fsum((a - b) ** 2 for a, b in pixels) / n
    )
    assert value("mae", image, truth) == pytest.approx(math.fsum(abs(a - b) for a, b in pixels) / n)


def test_the_difference_of_phases_is_the_shorter_arc():
    rng = np.random.default_rng(3)
    phase, true_phase = rng.uniform(-30, 30, (2, 176, 180))
    arcs = [
        min(abs(a - b + 2 * math.pi * turns) for turns in range(-12, 13))
        for a, b in zip(phase.ravel().tolist(), true_phase.ravel().tolist(), strict=True)
    ]
    everywhere = np.ones(phase.shape, dtype=bool)
    found = differences(np.exp(1j * phase), np.exp(1j * true_phase), everywhere)[2]
    assert found == pytest.approx(math.fsum(arcs) / len(arcs), rel=1e-12)


def test_the_complex_error_is_that_of_real_and_imaginary_part_side_by_side():
    rng = np.random.default_rng(4)
    parts = rng.standard_normal((4, 176, 190))
    image, truth = parts[0] + 1j * parts[1], parts[2] + 1j * parts[3]
    side_by_side = [np.concatenate([one.real, one.imag]) for one in (truth, image)]
    expected = normalized_root_mse(*side_by_side, normalization="euclidean")
    assert value("complex_nrmse", image, truth) == pytest.approx(expected, rel=1e-12)
    assert value("complex_nrmse", 0.9 * truth, truth) == pytest.approx(0.1, rel=1e-12)
    turned = value("complex_nrmse", np.exp(0.3j) * truth, truth)
    assert turned == pytest.approx(2 * math.sin(0.15), rel=1e-12)


@pytest.fixture(scope="module")
def tensorflow():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf
    return tf


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_all_similarities_equal_those_of_tensorflow_in_single_precision(tensorflow, shape, kind):
    image, truth = _pair(shape, kind)
    batch = [part[None, :, :, None].astype(np.float32) for part in (image, truth)]
    expected = float(tensorflow.image.ssim_multiscale(*batch, max_val=1.0)[0])
    assert value("ms_ssim", image, truth) == pytest.approx(expected, abs=1e-4)
    expected = float(tensorflow.image.ssim(*batch, max_val=1.0)[0])
    assert value("ssim", image, truth) == pytest.approx(expected, abs=1e-4)
    expected = float(tensorflow.image.psnr(*batch, max_val=1.0)[0])
    assert value("psnr", image, truth) == pytest.approx(expected, abs=1e-4)


@pytest.fixture(scope="module")
def torch_scores(installed, tmp_path_factory):
    """Install packages alone, beside the torch that is here, and let them score all pairs."""
    folder = tmp_path_factory.mktemp("torchmetrics")
    target = str(installed(*PACKAGES))
    pairs = {
        f"{kind} {shape}": np.stack(_pair(shape, kind)) for kind in KINDS for shape in EVEN_SHAPES
    }
    np.savez(folder / "pairs.npz", allow_pickle=False, **pairs)
    subprocess.run(
        [sys.executable, str(CHILD), str(folder / "pairs.npz"), str(folder / "scores.json")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([target, str(CHILD.parents[2])])},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads((folder / "scores.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("package", ["torchmetrics", "pytorch-msssim"])
@pytest.mark.parametrize("shape", EVEN_SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_all_similarities_equal_those_of_packages_for_torch(torch_scores, package, shape, kind):
    image, truth = _pair(shape, kind)
    expected = torch_scores[f"{package} {kind} {shape}"]
    assert {"ssim", "ms_ssim"} <= expected.keys()
    for metric in ("ms_ssim", "ssim", "psnr"):
        if metric in expected:
            assert value(metric, image, truth) == pytest.approx(expected[metric], abs=1e-4)
