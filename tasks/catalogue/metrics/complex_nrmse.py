"""Complex NRMSE: error of the complex object, relative to its norm."""

import numpy as np

from tasks.catalogue.metric import SECONDARY, Metric, Score
from tasks.catalogue.scoring.image_pair import Image, ImagePair


def complex_nrmse(pair: ImagePair) -> Score:
    """Return the root of the summed squared complex error over that of the truth."""
    return Score(relative_error(*pair.pixels))


def relative_error(pixels: Image, true_pixels: Image) -> float:
    """Return the norm of the difference of some pixels, relative to that of the true ones.

    ValueError if all true pixels are zero.
    """
    power = float(np.sum(np.abs(true_pixels) ** 2))
    if power == 0:
        raise ValueError("The truth is zero everywhere in the mask. Check the file of the truth.")
    return float(np.sqrt(np.sum(np.abs(pixels - true_pixels) ** 2) / power))


METRIC = Metric(
    name="complex_nrmse",
    label="complex NRMSE",
    family=SECONDARY,
    higher_is_better=False,
    score=complex_nrmse,
)
