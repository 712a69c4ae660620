"""Groups of neighbouring exposures: a seed point, and some of its nearest neighbours.

Of the K nearest neighbours of a seed point, a group of C exposures holds C - 1, and the seed
point itself. Choosing again and again makes more groups than there are exposures (K-choose-C
oversampling). Groups hold scan indices, so positions stay absolute.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tasks.core import Indices, Real


@dataclass(frozen=True)
class Groups:
    """Scan indices (G, C) of groups: the seed point, then neighbours, rising in distance."""

    members: Indices

    @property
    def seed_points(self) -> Indices:
        """Scan index of every group's seed point, shape (G,)."""
        return self.members[:, 0]

    def positions_px(self, positions_px: Real) -> Real:
        """Return the members' absolute positions (y, x) [px], shape (G, C, 2)."""
        return positions_px[self.members]

    def centres_px(self, positions_px: Real) -> Real:
        """Return the mean position (y, x) of every group's members [px], shape (G, 2)."""
        return np.asarray(self.positions_px(positions_px).mean(axis=1))


def n_combinations(n_neighbours: int, group_size: int) -> int:
    """Return how many different groups a seed point has: K choose C - 1."""
    return comb(n_neighbours, group_size - 1)


def check_group_sizes(n_neighbours: int, group_size: int, n_samples: int) -> None:
    """Refuse groups that need more neighbours, or more combinations of them, than there are."""
    if group_size - 1 > n_neighbours:
        raise ValueError(
            f"A group of {group_size} needs {group_size - 1} neighbours of its seed point, but "
            f"n_neighbours is {n_neighbours}. Raise n_neighbours to {group_size - 1} or more, or "
            f"make groups smaller."
        )
    available = n_combinations(n_neighbours, group_size)
    if n_samples > available:
        raise ValueError(
            f"A seed point has {available} different groups of {group_size} among "
            f"{n_neighbours} neighbours, but n_samples asks for {n_samples}. Lower n_samples to "
            f"{available}, or raise n_neighbours."
        )


def draw_seed_points(
    n_exposures: int, n_seed_points: int | None, rng: np.random.Generator
) -> Indices:
    """Draw the exposures that groups are formed about, rising; None takes all.

    ValueError if there are fewer exposures than seed points.
    """
    if n_seed_points is None:
        return np.arange(n_exposures, dtype=np.intp)
    if n_seed_points > n_exposures:
        raise ValueError(
            f"{n_seed_points} seed points cannot be drawn from {n_exposures} exposures. Lower "
            f"n_seed_points to {n_exposures} or less, or scan more positions."
        )
    return np.sort(rng.choice(n_exposures, n_seed_points, replace=False)).astype(np.intp)


def nearest_neighbours(positions_px: Real, seed_points: Indices, n_neighbours: int) -> Indices:
    """Return the nearest K exposures of every seed point, itself not counted, the nearest first.

    Positions (y, x) [px] have the shape (J, 2), seed points (S,), and the scan indices that are
    returned (S, K). ValueError if the scan has no K neighbours.
    """
    if len(positions_px) <= n_neighbours:
        raise ValueError(
            f"An exposure should have {n_neighbours} neighbours, but there are only "
            f"{len(positions_px)} exposures. Lower n_neighbours to {len(positions_px) - 1} or "
            f"less, or scan more positions."
        )
    found = cKDTree(positions_px).query(positions_px[seed_points], k=n_neighbours + 1)[1]
    # Where two exposures share a position, the seed point need not be the first that is found.
    itself = found == seed_points[:, None]
    itself[~itself.any(axis=1), -1] = True
    return np.asarray(found[~itself].reshape(len(seed_points), n_neighbours), dtype=np.intp)


def form_groups(
    positions_px: Real,
    seed_points: Indices,
    group_size: int,
    n_neighbours: int,
    n_samples: int,
    rng: np.random.Generator,
) -> Groups:
    """Form `n_samples` groups about every seed point (S,), each combination equally likely.

    Args:
        positions_px: Absolute positions (y, x) of the scan [px], shape (J, 2).
        seed_points: Scan indices of the seed points; groups keep their order.
        group_size: Exposures C in a group, the seed point among them.
        n_neighbours: Nearest neighbours K that the others are chosen from.
        n_samples: Groups of each seed point, all different.
        rng: Source of randomness.

    Raises:
        ValueError: If the groups cannot be formed from that many neighbours or exposures.
    """
    check_group_sizes(n_neighbours, group_size, n_samples)
    neighbours = nearest_neighbours(positions_px, seed_points, n_neighbours)
    available = n_combinations(n_neighbours, group_size)
    ranks = np.array(
        [rng.choice(available, n_samples, replace=False) for _ in seed_points], dtype=np.int64
    ).reshape(-1)
    chosen = _combination_of_rank(ranks, n_neighbours, group_size - 1)
    rows = np.repeat(np.arange(len(seed_points)), n_samples)
    others = neighbours[rows[:, None], chosen]
    return Groups(np.concatenate([seed_points[rows, None], others], axis=1))


def _combination_of_rank(ranks: NDArray[np.int64], n: int, size: int) -> Indices:
    """Return the combinations of `size` out of `n` things with given ranks, rising.

    The combinatorial number system (Knuth, TAOCP 4A, 7.2.1.3, theorem L): rank r is the sum of
    `comb(c_i, i)` over the things c_size > ... > c_1, each the largest that still fits.
    """
    chosen = np.zeros((len(ranks), size), dtype=np.intp)
    rest = ranks.copy()
    for place in range(size, 0, -1):
        table = np.array([comb(thing, place) for thing in range(n)], dtype=np.int64)
        thing = np.searchsorted(table, rest, side="right") - 1
        chosen[:, place - 1] = thing
        rest -= table[thing]
    return chosen
