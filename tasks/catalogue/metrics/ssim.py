"""SSIM: structural similarity."""

from tasks.catalogue.metric import PARTS, SECONDARY, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair
from tasks.catalogue.scoring.jackknife import pseudo_values


def ssim(pair: ImagePair) -> Score:
    """Return the mean structural similarity over the rectangle, a number up to 1.

    Wang et al., IEEE Trans. Image Process. 13, 600 (2004), eq. 13: Gaussian window of 11 x 11 px,
    sigma 1.5 px, K1 0.01, K2 0.03, population covariance, mean over the pixels whose window lies
    inside the rectangle and inside the mask.

    It is not defined if a side is under 11 px, the truth has no contrast, or no window lies wholly
    inside the mask.
    """
    reason = pair.truth.undefined_reason("ssim", 1)
    if reason or pair.similarity is None:
        return Score(None, reason=reason)
    maps = pair.similarity
    return Score(maps.ssim, pseudo_values(maps.similarity, maps.inside[0]))


METRIC = Metric(
    name="ssim", label="SSIM", family=SECONDARY, higher_is_better=True, score=ssim, parts=PARTS
)
