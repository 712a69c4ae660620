"""PSNR: peak signal-to-noise ratio."""

import numpy as np

from tasks.catalogue.metric import PARTS, SECONDARY, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair
from tasks.catalogue.scoring.jackknife import pseudo_psnr, pseudo_values


def psnr(pair: ImagePair) -> Score:
    """Return the peak signal-to-noise ratio [dB], 10 log10(data_range^2 / MSE).

    It is infinite for identical images, and not defined for a truth without contrast.
    """
    reason = pair.truth.undefined_reason("psnr")
    if reason:
        return Score(None, reason=reason)
    squares = pseudo_values(pair.errors**2, pair.truth.mask)
    error = float(squares.mean())
    if error == 0:
        return Score(float("inf"))
    value = float(10 * np.log10(pair.truth.known_range**2 / error))
    return Score(value, pseudo_psnr(value, squares))


METRIC = Metric(
    name="psnr",
    label="PSNR",
    family=SECONDARY,
    higher_is_better=True,
    score=psnr,
    parts=PARTS,
    unit="dB",
)
