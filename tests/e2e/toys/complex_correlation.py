"""Complex correlation coefficient: a metric that tests bring."""

import numpy as np

from tasks.catalogue.metric import SECONDARY, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair


def complex_correlation(pair: ImagePair) -> Score:
    """Return the modulus of the normalised inner product with the truth, at most 1."""
    image, truth = pair.pixels
    norms = np.linalg.norm(image) * np.linalg.norm(truth)
    return Score(float(min(1.0, np.abs(np.vdot(truth, image)) / norms)))


METRIC = Metric(
    name="complex_correlation",
    label="Complex correlation",
    family=SECONDARY,
    higher_is_better=True,
    score=complex_correlation,
)
