"""Splitting photons in two independent halves, so that fitting noise does not pay.

Of the counts I of a pattern, I1 ~ Binomial(I, p) are shown to the network and I2 = I - I1 judge
it. If I is Poisson, I1 and I2 are independent Poisson draws of p and 1 - p of the intensity, so
a network cannot lower its loss on I2 by copying the noise of I1 (noise-to-noise; Lehtinen et
al., ICML 2018).
"""

import numpy as np
from numpy.typing import NDArray

THINNED_BELOW_PHOTONS = 50_000.0
SHOWN_FRACTION = 0.6


def choose_thinning(requested: float | None, photons_per_pattern: float) -> float:
    """Return the share of the photons that the network sees: the one place of the rule.

    Below 50,000 measured photons per pattern the network sees 0.6 of them. At 100,000 noise is
    so weak that it makes no difference, and the network sees all.

    Args:
        requested: Share that was asked for; none leaves it to the rule.
        photons_per_pattern: Measured mean photons of a pattern.

    Returns:
        Share in (0, 1]; 1 is no thinning.
    """
    if requested is not None:
        return requested
    return SHOWN_FRACTION if photons_per_pattern < THINNED_BELOW_PHOTONS else 1.0


def thin_counts(
    diffraction_counts: NDArray[np.unsignedinteger], fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Split counts at random into the seen and the judging photons; their sum is the counts."""
    seen = rng.binomial(diffraction_counts, fraction)
    return seen, diffraction_counts.astype(seen.dtype) - seen
