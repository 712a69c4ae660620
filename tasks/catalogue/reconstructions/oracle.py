"""Oracle: the true object cut at every position and stitched together again."""

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.reconstruction import Reconstruction, Role
from tasks.core import Complex
from tasks.core.geometry.patches import extract_patches, place_patches, shifted_probes

CHUNK = 256


class Oracle(Reconstruction):
    """What differs from the truth here is the fault of the frame and of the stitching."""

    def image(
        self,
        true_object: Complex,
        positions_px: NDArray[np.floating],
        probe: Complex,
        mask: NDArray[np.bool_],
    ) -> Complex | None:
        """Return the stitched object, weighted by the probe; zero where no probe reaches."""
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


RECONSTRUCTION = Oracle(
    name="Oracle",
    role=Role.CONTROL,
    description="true patches stitched together",
    colour="#595959",
    dark_colour="#A9A9A9",
)
