"""MS-SSIM: multi-scale structural similarity."""

from tasks.catalogue.metric import HEADLINE, PARTS, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair
from tasks.catalogue.scoring.jackknife import pseudo_product, pseudo_values
from tasks.core.files.metrics_table import SCALE_WEIGHTS


def ms_ssim(pair: ImagePair) -> Score:
    """Return the multi-scale structural similarity of the rectangle, a number in [0, 1].

    Wang, Simoncelli & Bovik, Asilomar Conf. Signals Syst. Comput. 37, 1398 (2003), eq. 7: the mean
    contrast and structure of four scales and the mean similarity of the fifth, raised to the
    weights of the paper's section 3.2. A scale is the 2 x 2 mean of the one before; an odd side
    repeats its last line, and the mask keeps the coarse pixels whose four pixels it held. A
    negative mean counts as 0, since its power is not real.

    It is not defined if a side is under 176 px, where the fifth scale is smaller than the window,
    if the truth has no contrast, or if a scale keeps no window inside the mask.
    """
    reason = pair.truth.undefined_reason("ms_ssim", len(SCALE_WEIGHTS))
    if reason or pair.similarity is None:
        return Score(None, reason=reason)
    maps = pair.similarity
    factors = [pseudo_values(*part) for part in zip(maps.factors, maps.inside, strict=True)]
    return Score(maps.ms_ssim, pseudo_product(maps.ms_ssim, factors, SCALE_WEIGHTS))


METRIC = Metric(
    name="ms_ssim",
    label="MS-SSIM",
    family=HEADLINE,
    higher_is_better=True,
    score=ms_ssim,
    parts=PARTS,
)
