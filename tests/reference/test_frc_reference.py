"""The ring correlation against the package `frc` of TU Delft, and against loops over a plain DFT.

The package needs two binary libraries of its own, so it is no test dependency: pip puts them into
a temporary folder, and a child process runs it. It takes square real images, already tapered.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal.windows import tukey

from tasks.catalogue.scoring.frc import frc_summary

PACKAGES = ("frc==0.1.1", "diplib==3.6.1", "rustfrc==1.1.5")
CHILD = Path(__file__).with_name("frc_child.py")


def pair(shape, is_complex):
    rng = np.random.default_rng(8)
    parts = rng.standard_normal((4, *shape))
    truth, noise = parts[:2] + 1j * parts[2:] if is_complex else parts[:2]
    truth = gaussian_filter(truth, 1.0) + 2
    return truth + 0.1 * noise, truth


def tapered(image):
    """Return the image without its weighted mean, under the window of the module's docstring."""
    rows, columns = (tukey(n + 2, 0.5)[1:-1] for n in image.shape)
    window = rows[:, None] * columns
    return window * (image - np.average(image, weights=window))


def brute_force(image, truth):
    """Sum products of a plain discrete Fourier transform, frequency by frequency."""
    height, width = image.shape
    narrow = min(height, width)
    sums = np.zeros((narrow // 2, 3))
    waves = [np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) for n in image.shape]
    first, second = (waves[0] @ tapered(part) @ waves[1] for part in (image, truth))
    for i in range(height):
        for j in range(width):
            f_y = (i if i < height / 2 else i - height) / height
            f_x = (j if j < width / 2 else j - width) / width
            ring = int((f_y**2 + f_x**2) ** 0.5 * narrow + 1e-9)
            if ring < len(sums):
                a, b = first[i, j], second[i, j]
                sums[ring] += (a * b.conjugate()).real, abs(a) ** 2, abs(b) ** 2
    return sums[1:, 0] / np.sqrt(sums[1:, 1] * sums[1:, 2])


@pytest.mark.parametrize("shape", [(40, 40), (33, 57), (64, 41)])
@pytest.mark.parametrize("is_complex", [False, True])
def test_it_equals_loops_over_a_plain_transform(shape, is_complex):
    image, truth = pair(shape, is_complex)
    ours = frc_summary(image, truth).curve.correlation
    np.testing.assert_allclose(ours, brute_force(image, truth), atol=1e-10)
    assert ours.min() < 0.7 < 0.9 < ours.max()


@pytest.mark.slow
@pytest.mark.parametrize("side_px", [64, 128])
def test_it_equals_that_of_the_package_frc(side_px, installed, tmp_path):
    target = installed(*PACKAGES)
    image, truth = pair((side_px, side_px), is_complex=False)
    np.savez(tmp_path / "pair.npz", image=tapered(image), truth=tapered(truth))
    subprocess.run(
        [sys.executable, str(CHILD), str(tmp_path / "pair.npz"), str(tmp_path / "curve.npz")],
        env=os.environ | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    with np.load(tmp_path / "curve.npz", allow_pickle=False) as file:
        theirs = file["correlation"]
    ours = frc_summary(image, truth).curve.correlation
    # It works in single precision, and keeps zero frequency.
    np.testing.assert_allclose(ours, theirs[1:], atol=1e-5)
