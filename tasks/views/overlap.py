"""How much of the sample exposures share: within groups, between images, between groups.

Every metric is a mean of `disc_overlap_fraction` over pairs of discs of the probe's diameter.
"""

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Real, Real64
from tasks.core.geometry.groups import Groups, draw_seed_points, form_groups, nearest_neighbours
from tasks.core.geometry.overlap import disc_overlap_fraction
from tasks.core.study.seeds import Purpose, spawn
from tasks.views.params import ViewParams

NOT_OF_GROUPS = {"view", "overlap_tolerance"}


def form_view_groups(positions_px: Real, params: ViewParams) -> Groups:
    """Form the groups of a view from its seeds; members index the view's exposures."""
    seed_points = draw_seed_points(
        len(positions_px), params.n_seed_points, spawn(params.subsampling_seed, Purpose.SUBSAMPLING)
    )
    return form_groups(
        positions_px,
        seed_points,
        params.group_size,
        params.n_neighbours,
        params.n_samples,
        spawn(params.grouping_seed, Purpose.GROUPING),
    )


def overlap_within_groups(positions_px: Real, groups: Groups, diameter_px: float) -> Real64:
    """Return each group's mean overlap with its seed point, (G,); empty for single exposures."""
    members = groups.positions_px(positions_px)
    if members.shape[1] == 1:
        return np.empty(0)
    distance = np.linalg.norm(members[:, 1:] - members[:, :1], axis=-1)
    return np.asarray(disc_overlap_fraction(distance, diameter_px).mean(axis=1))


def overlap_between_images(positions_px: Real, n_neighbours: int, diameter_px: float) -> Real64:
    """Return each exposure's mean overlap with its nearest neighbours in the view, shape (J,)."""
    everyone = np.arange(len(positions_px), dtype=np.intp)
    neighbours = nearest_neighbours(positions_px, everyone, n_neighbours)
    distance = np.linalg.norm(positions_px[neighbours] - positions_px[:, None], axis=-1)
    return np.asarray(disc_overlap_fraction(distance, diameter_px).mean(axis=1))


def overlap_between_groups(
    positions_px: Real, groups: Groups, n_neighbours: int, diameter_px: float
) -> tuple[Real64, Real64]:
    """Return how much each group shares with the nearest groups of other seed points.

    Groups are near where their centres, the mean positions of their members, are. Groups of the
    same seed point are left out, because oversampling alone would make them overlap.

    Returns:
        Mean disc overlap of the centres, shape (G,), and the mean share of a group's exposures that
            the other groups hold too, shape (G,).
    """
    centres, seed_points = groups.centres_px(positions_px), groups.seed_points
    _, counts = np.unique(seed_points, return_counts=True)
    n_siblings = int(counts.max())
    n_others = min(n_neighbours, len(seed_points) - n_siblings)
    if n_others < 1:
        return np.empty(0), np.empty(0)
    found = cKDTree(centres).query(centres, k=n_others + n_siblings)[1]
    is_sibling = seed_points[found] == seed_points[:, None]
    # A stable sort moves the siblings to the end and keeps the rest in order of distance.
    order = np.argsort(is_sibling, axis=1, kind="stable")[:, :n_others]
    others = np.take_along_axis(found, order, axis=1)
    distance = np.linalg.norm(centres[others] - centres[:, None], axis=-1)
    shared = np.array(
        [
            np.isin(groups.members[near], own).mean()
            for own, near in zip(groups.members, others, strict=True)
        ]
    )
    return np.asarray(disc_overlap_fraction(distance, diameter_px).mean(axis=1)), shared


def overlap_metrics(positions_px: Real, params: ViewParams, diameter_px: float) -> dict[str, Any]:
    """Return the overlaps of a view, and the settings that they were measured with.

    Mean, smallest and largest of every kind; none where there is no pair. ValueError if the view
    has too few exposures for its groups.
    """
    groups = form_view_groups(positions_px, params)
    near, shared = overlap_between_groups(positions_px, groups, params.n_neighbours, diameter_px)
    return {
        "overlap_within_groups": _spread(overlap_within_groups(positions_px, groups, diameter_px)),
        "overlap_between_images": _spread(
            overlap_between_images(positions_px, params.n_neighbours, diameter_px)
        ),
        "overlap_between_groups": _spread(near),
        "shared_exposure_fraction_between_groups": _spread(shared),
        "n_groups": len(groups.members),
        "group_settings": params.model_dump(mode="json", exclude=NOT_OF_GROUPS)
        | {"group_size": params.group_size},
    }


def _spread(values: Real) -> dict[str, float] | None:
    if not len(values):
        return None
    return {
        "mean": float(values.mean()),
        "smallest": float(values.min()),
        "largest": float(values.max()),
    }
