"""What is lost as masks of single patterns become one: a pixel counts if all trust it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tasks.core import Indices, Mask

MUCH_LOST = 0.05
# So many patterns at most, of a tenth of the scan, are a few bad ones.
FEW, FEW_SHARE = 20, 0.1

# The first index of some patterns, and the pixels that each of them trusts, (any, H, W).
Parts = Callable[[], Iterator[tuple[int, Mask]]]


@dataclass(frozen=True)
class MaskLoss:
    """Pixels that single patterns trust, but not all of them together.

    Attributes:
        share: Lost pixels over those that a pattern trusts in the mean.
        culprits: Indices of a few patterns without which little is lost; empty: there are none.
        share_without: What is lost without these patterns.
        n_distrustful: Patterns that distrust a pixel that most trust.
    """

    share: float
    culprits: tuple[int, ...]
    share_without: float
    n_distrustful: int


def mask_loss(parts: Parts, used: Mask) -> MaskLoss | None:
    """Return what is lost of the masks of the patterns that are used (J,); None: little."""
    n_bad, trusted = np.zeros(0, dtype=np.intp), np.zeros(len(used))
    for start, good in parts():
        here = used[start : start + len(good)]
        bad = np.count_nonzero(~good[here], axis=0)
        n_bad = bad if not n_bad.size else n_bad + bad
        trusted[start : start + len(good)] = np.count_nonzero(good, axis=(1, 2))
    mean = float(trusted[used].mean())
    share = 1 - np.count_nonzero(n_bad == 0) / mean
    if share <= MUCH_LOST:
        return None
    by_few = (n_bad > 0) & (n_bad <= np.count_nonzero(used) / 2)
    excess = np.zeros(len(used), dtype=np.intp)
    for start, good in parts():
        excess[start : start + len(good)] = np.count_nonzero(~good & by_few, axis=(1, 2))
    excess[~used] = 0
    order = np.argsort(-excess, kind="stable")[: _most(used)]
    candidates = order[excess[order] > 0]
    culprits, without = _culprits(parts, n_bad, mean, candidates)
    return MaskLoss(share, culprits, without, int(np.count_nonzero(excess)))


def _most(used: Mask) -> int:
    """Return how many patterns are a few."""
    return min(FEW, int(FEW_SHARE * np.count_nonzero(used)))


def _culprits(
    parts: Parts, n_bad: Indices, mean: float, candidates: Indices
) -> tuple[tuple[int, ...], float]:
    """Return the first patterns without which little is lost, and what then is; none: (), 1."""
    bad = {
        int(index): ~good[index - start]
        for start, good in parts()
        for index in candidates[(candidates >= start) & (candidates < start + len(good))]
    }
    for count, index in enumerate(candidates.tolist(), start=1):
        n_bad = n_bad - bad[index]
        share = 1 - np.count_nonzero(n_bad == 0) / mean
        if share <= MUCH_LOST:
            return tuple(sorted(candidates[:count].tolist())), max(share, 0.0)
    return (), 1.0
