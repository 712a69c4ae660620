"""MSE: mean squared error."""

from tasks.catalogue.metric import PARTS, SECONDARY, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair
from tasks.catalogue.scoring.jackknife import pseudo_values


def mse(pair: ImagePair) -> Score:
    """Return the mean squared error over the mask, in the squared unit of the images."""
    blocks = pseudo_values(pair.errors**2, pair.truth.mask)
    return Score(float(blocks.mean()), blocks)


METRIC = Metric(
    name="mse", label="MSE", family=SECONDARY, higher_is_better=False, score=mse, parts=PARTS
)
