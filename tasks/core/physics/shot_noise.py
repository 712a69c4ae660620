"""Shot noise: photons arrive one by one."""

import numpy as np
from numpy.typing import NDArray


def draw_counts(
    diffraction_intensity: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.uint32]:
    """Draw Poisson counts whose mean and variance are the noise-free intensity.

    Args:
        diffraction_intensity: Expected photons per pixel, any shape, not negative.
        rng: Source of randomness.

    Returns:
        Counts [photons / px], same shape.

    Raises:
        ValueError: If an intensity is negative, not finite, or beyond what 32 bits count.
    """
    brightest = float(diffraction_intensity.max(initial=0.0))
    faintest = float(diffraction_intensity.min(initial=0.0))
    if not (np.isfinite(brightest) and faintest >= 0 and brightest < 2**31):
        raise ValueError(
            f"Expected intensities from 0 to 2**31 photons per pixel, got {faintest:.3g} to "
            f"{brightest:.3g}. Check the probe and lower photons_per_pattern."
        )
    return rng.poisson(diffraction_intensity).astype(np.uint32)
