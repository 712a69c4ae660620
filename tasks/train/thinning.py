"""Splitting photons in two independent halves, so that fitting noise does not pay.

Of the counts I of a pattern, I1 ~ Binomial(I, p) are shown to the network and I2 = I - I1 judge
it. If I is Poisson, I1 and I2 are independent Poisson draws of p and 1 - p of the intensity, so
a network cannot lower its loss on I2 by copying the noise of I1 (noise-to-noise; Lehtinen et
al., ICML 2018).
"""

import numpy as np
from numpy.typing import NDArray

LOW_DOSE_PHOTONS = 3000.0
LOW_DOSE_FRACTION = 0.6


def choose_thinning(requested: float | None, photons_per_pattern: float) -> float:
    """Return the share of the photons that the network sees: the one place of the rule.

    Below 3000 measured photons per pattern the network sees 0.6 of them. Above, noise is weak and
    showing it less would only cost phase, so it sees all.

    Args:
        requested: Share that was asked for; none leaves it to the rule.
        photons_per_pattern: Measured mean photons of a pattern.

    Returns:
        Share in (0, 1]; 1 is no thinning.
    """
    if requested is not None:
        return requested
    return LOW_DOSE_FRACTION if photons_per_pattern < LOW_DOSE_PHOTONS else 1.0


def thin_counts(
    diffraction_counts: NDArray[np.unsignedinteger], fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Split counts at random into the seen and the judging photons; their sum is the counts."""
    seen = rng.binomial(diffraction_counts, fraction)
    return seen, diffraction_counts.astype(seen.dtype) - seen
