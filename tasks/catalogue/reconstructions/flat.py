"""Flat: a flat image with the truth's mean amplitude and mean phase, the image to beat."""

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.reconstruction import Reconstruction, Role
from tasks.core import Complex


class Flat(Reconstruction):
    """Its mean is the truth's, and no gauge is fitted, which would make it no harder to beat."""

    def image(
        self,
        true_object: Complex,
        positions_px: NDArray[np.floating],
        probe: Complex,
        mask: NDArray[np.bool_],
    ) -> Complex | None:
        """Return the constant image; the means are taken over the scored pixels."""
        del positions_px, probe
        scored = true_object[mask]
        mean_phase = np.angle(scored.sum())
        return np.full(true_object.shape, np.abs(scored).mean() * np.exp(1j * mean_phase))


RECONSTRUCTION = Flat(
    name="Flat",
    role=Role.CONTROL,
    description="a flat image",
    is_aligned=False,
    colour="#595959",
    dark_colour="#A9A9A9",
)
