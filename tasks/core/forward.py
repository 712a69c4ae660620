"""Forward model of far-field ptychography, for one probe mode and a thin object.

Symbols follow Thibault et al., Ultramicroscopy 109, 338 (2009): the exit wave is
psi_j = P * O_j, and detector pixel q records I_j(q) = |F psi_j|^2(q).
"""

import numpy as np
from numpy.typing import NDArray

from tasks.core.fourier import propagate


def diffraction_intensity(
    object_patches: NDArray[np.complexfloating], probe: NDArray[np.complexfloating]
) -> NDArray[np.floating]:
    """Return the noise-free intensity that the detector records at every scan position.

    The transform is unitary, so photons are conserved: a pattern holds as many as its exit wave.

    Args:
        object_patches: Object transmission seen at each scan position, shape (J, N, N).
        probe: Illumination [sqrt(photons)], shape (N, N), or one for each position (the probe
            moved by the sub-pixel rest of the position), shape (J, N, N).

    Returns:
        Intensity [photons / px], shape (J, N, N), zero frequency at [N // 2, N // 2].

    Raises:
        ValueError: If the patches and the probe do not cover the same N x N pixels.
    """
    if object_patches.shape[-2:] != probe.shape[-2:]:
        raise ValueError(
            f"Object patches and probe must cover the same pixels: got patches "
            f"{object_patches.shape[-2:]} and probe {probe.shape[-2:]}. Cut the patches with "
            f"`extract_patches(object_, positions_px, {probe.shape[-1]})`."
        )
    return np.asarray(np.abs(propagate(probe * object_patches)) ** 2)
