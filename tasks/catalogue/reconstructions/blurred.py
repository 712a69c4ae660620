"""Blurred: the true object without detail, which looks good at a glance."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tasks.catalogue.reconstruction import Reconstruction, Role
from tasks.core import Complex

BLUR_SIGMA_PX = 2.0


class Blurred(Reconstruction):
    """The truth, blurred by a Gaussian of sigma 2 px."""

    def image(
        self,
        true_object: Complex,
        positions_px: NDArray[np.floating],
        probe: Complex,
        mask: NDArray[np.bool_],
    ) -> Complex | None:
        """Return the blurred complex values, mirrored at the edges of the array.

        Those are further from scored pixels than the Gaussian reaches where patches overlap.
        """
        del positions_px, probe, mask
        return np.asarray(gaussian_filter(true_object, BLUR_SIGMA_PX, mode="reflect"))


RECONSTRUCTION = Blurred(
    name="Blurred",
    role=Role.CONTROL,
    description="the truth, blurred",
    colour="#595959",
    dark_colour="#A9A9A9",
)
