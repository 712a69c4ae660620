"""How well a mean paired difference is known: t intervals, Holm's correction and verdicts.

Student's t where the differences are replicates or large blocks of one image; independent means
are put together after Welch, Biometrika 34, 28 (1947) and Satterthwaite, Biometrics Bulletin 2,
110 (1946). SciPy has the distribution and not the correction of Holm, Scandinavian Journal of
Statistics 6, 65 (1979), which is a few lines here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

LEVEL = 0.05
CONFIDENCE = 0.95
LEAST_N = 2
# Tables hold ten significant digits: what varies by less than this does not vary.
RESOLUTION = 1e-9


@dataclass(frozen=True)
class MeanDifference:
    """The mean of n paired differences, own minus other, and how well it is known.

    Differences below the resolution are rounding, in the unit of the mean.
    """

    mean: float
    standard_error: float
    degrees_of_freedom: float
    n: int
    resolution: float


@dataclass(frozen=True)
class Interval:
    """What is known of a difference: half the width of its interval, and a two-sided p-value.

    The reason says why there is no interval; it is empty where there is one.
    """

    half_width: float | None
    p_value: float | None
    reason: str = ""


def mean_difference(own: ArrayLike, other: ArrayLike) -> MeanDifference:
    """Return the mean of own minus other over independent pairs, shape (n,) each.

    Raises ValueError if there are fewer than two pairs, or a value is not finite.
    """
    pairs = np.stack([np.asarray(own, dtype=float), np.asarray(other, dtype=float)])
    n = pairs.shape[1]
    if n < LEAST_N or not np.all(np.isfinite(pairs)):
        raise ValueError(
            f"A standard error needs at least {LEAST_N} finite pairs, got {n} pairs, "
            f"{int(np.isfinite(pairs).all(axis=0).sum())} of them finite. Leave this one out."
        )
    differences = pairs[0] - pairs[1]
    return MeanDifference(
        mean=float(differences.mean()),
        standard_error=float(differences.std(ddof=1) / np.sqrt(n)),
        degrees_of_freedom=float(n - 1),
        n=n,
        resolution=float(RESOLUTION * np.abs(pairs).max()),
    )


def combine(means: Sequence[MeanDifference], weights: Sequence[float]) -> MeanDifference:
    """Return the weighted mean of independent mean differences; only ratios of weights matter.

    The degrees of freedom are those of Welch and Satterthwaite, nu = (sum v)^2 / sum(v^2 / nu_i)
    with v = (w_i s_i)^2; one mean alone comes back unchanged.
    """
    shares = np.asarray(weights, dtype=float) / np.sum(weights)
    variances = (shares * [mean.standard_error for mean in means]) ** 2
    freedoms = np.array([mean.degrees_of_freedom for mean in means])
    total = float(variances.sum())
    freedom = total**2 / np.sum(variances**2 / freedoms) if total > 0 else freedoms.sum()
    return MeanDifference(
        mean=float(np.sum(shares * [mean.mean for mean in means])),
        standard_error=float(np.sqrt(total)),
        degrees_of_freedom=float(freedom),
        n=sum(mean.n for mean in means),
        resolution=max(mean.resolution for mean in means),
    )


def t_interval(difference: MeanDifference, confidence: float = CONFIDENCE) -> Interval:
    """Return Student's interval of a mean difference and its p-value.

    Differences that are all the same have no spread to judge by: an interval of width zero and a p
    of zero would be a lie. Arms that are equal throughout have p = 1 and no interval.
    """
    if difference.standard_error <= difference.resolution:
        if abs(difference.mean) <= difference.resolution:
            return Interval(None, 1.0, f"the arms are equal in all {difference.n} pairs")
        return Interval(
            None, None, f"the {difference.n} differences are all the same: no spread to judge by"
        )
    freedom = difference.degrees_of_freedom
    quantile = float(stdtrit(freedom, 0.5 + confidence / 2))
    t = abs(difference.mean) / difference.standard_error
    return Interval(quantile * difference.standard_error, 2 * float(stdtr(freedom, -t)))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for the size of their family after Holm (1979).

    The chance of one or more wrong rejections among the family stays below the level, whatever
    the tests' dependence. Tests without a p-value were not made and do not count.
    """
    adjusted: list[float | None] = [None] * len(p_values)
    made = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    largest = 0.0
    for rank, (p, place) in enumerate(made):
        largest = max(largest, min(1.0, (len(made) - rank) * p))
        adjusted[place] = largest
    return adjusted


def verdict(
    delta: float | None,
    adjusted_p: float | None,
    higher_is_better: bool | None,
    level: float = LEVEL,
) -> str | None:
    """Return whether own is `better`, `worse` or neither (`inconclusive`), or None if unknown."""
    if delta is None or adjusted_p is None or higher_is_better is None:
        return None
    if adjusted_p >= level or delta == 0:
        return "inconclusive"
    return "better" if (delta > 0) == higher_is_better else "worse"
