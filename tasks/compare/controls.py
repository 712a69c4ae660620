"""Controls: images whose scores are known beforehand, so that a table can be judged.

A new control is one function and one line of `CONTROLS`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tasks.catalogue.quality_flags import FLAT
from tasks.core.geometry.patches import extract_patches, place_patches, shifted_probes

Complex = NDArray[np.complexfloating]
Control = Callable[[Complex, NDArray[np.floating], Complex, NDArray[np.bool_]], Complex]
CHUNK = 256
BLUR_SIGMA_PX = 2.0


def oracle(
    true_object: Complex,
    positions_px: NDArray[np.floating],
    probe: Complex,
    mask: NDArray[np.bool_],
) -> Complex:
    """Cut the true object at every position and stitch it back, weighted by the probe's intensity.

    What comes back differs from the truth only by what the frame and the stitching get wrong.

    Args:
        true_object: True object, shape (H, W).
        positions_px: Positions (y, x) in the frame of that array [px], shape (J, 2).
        probe: Illumination, shape (N, N).
        mask: Scored pixels, shape (H, W); not used.

    Returns:
        Stitched object, zero where no probe reaches, shape (H, W).
    """
    del mask
    shape = (true_object.shape[0], true_object.shape[1])
    total, weight = np.zeros(shape, dtype=np.complex128), np.zeros(shape)
    for start in range(0, len(positions_px), CHUNK):
        part = positions_px[start : start + CHUNK]
        intensity = np.abs(shifted_probes(probe, part)) ** 2
        patches = extract_patches(true_object, part, probe.shape[-1])
        total += place_patches(intensity * patches, part, shape)
        weight += place_patches(intensity, part, shape)
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def blurred(
    true_object: Complex,
    positions_px: NDArray[np.floating],
    probe: Complex,
    mask: NDArray[np.bool_],
) -> Complex:
    """Return the truth blurred by a Gaussian of sigma 2 px: good at a glance, without detail.

    The complex values are blurred, as light would. The image is mirrored at the edges of the
    array, which are further from scored pixels than the Gaussian reaches where patches overlap.

    Args:
        true_object: True object, shape (H, W).
        positions_px: Positions; not used.
        probe: Illumination; not used.
        mask: Scored pixels; not used.

    Returns:
        Blurred object, shape (H, W).
    """
    del positions_px, probe, mask
    return np.asarray(gaussian_filter(true_object, BLUR_SIGMA_PX, mode="reflect"))


def flat(
    true_object: Complex,
    positions_px: NDArray[np.floating],
    probe: Complex,
    mask: NDArray[np.bool_],
) -> Complex:
    """Return a flat image with the truth's mean amplitude and mean phase: the image to beat.

    Args:
        true_object: True object, shape (H, W).
        positions_px: Positions; not used.
        probe: Illumination; not used.
        mask: Scored pixels, over which the means are taken, shape (H, W).

    Returns:
        Constant image, shape (H, W).
    """
    del positions_px, probe
    scored = true_object[mask]
    mean_phase = np.angle(scored.sum())
    return np.full(true_object.shape, np.abs(scored).mean() * np.exp(1j * mean_phase))


CONTROLS: dict[str, Control] = {
    "Oracle": oracle,
    "Blurred": blurred,
    FLAT: flat,
}
