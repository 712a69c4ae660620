"""MAE: mean absolute error; of a phase, of the error on the truth's branch."""

from tasks.catalogue.metric import HEADLINE, PARTS, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair
from tasks.catalogue.scoring.jackknife import pseudo_values


def mae(pair: ImagePair) -> Score:
    """Return the mean absolute error over the mask, in the unit of the images."""
    blocks = pseudo_values(pair.errors, pair.truth.mask)
    return Score(float(blocks.mean()), blocks)


METRIC = Metric(
    name="mae",
    label="MAE",
    family=HEADLINE,
    higher_is_better=False,
    score=mae,
    parts=PARTS,
    phase_unit="rad",
    decimals=6,
)
