"""Laws of groups: the seed point first, different neighbours, every combination equally likely."""

from collections import Counter
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from tasks.core.geometry.groups import (
    draw_seed_points,
    form_groups,
    nearest_neighbours,
)
from tasks.core.study.seeds import Purpose, spawn

seeds = st.integers(0, 2**32 - 1)


@st.composite
def group_sizes(draw):
    """Neighbours K, size C and samples of a group that can be formed."""
    n_neighbours = draw(st.integers(1, 12))
    group_size = draw(st.integers(1, n_neighbours + 1))
    n_samples = draw(st.integers(1, min(20, comb(n_neighbours, group_size - 1))))
    return group_size, n_neighbours, n_samples


@given(seed=seeds, sizes=group_sizes())
def test_a_group_is_its_seed_point_and_different_neighbours_of_it(seed, sizes):
    group_size, n_neighbours, n_samples = sizes
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 50, (20, 2))
    points = draw_seed_points(20, 6, rng)
    groups = form_groups(positions, points, group_size, n_neighbours, n_samples, rng)
    assert groups.members.shape == (6 * n_samples, group_size)
    np.testing.assert_array_equal(groups.seed_points, np.repeat(points, n_samples))
    neighbours = dict(zip(points, nearest_neighbours(positions, points, n_neighbours), strict=True))
    for seed_point, *others in groups.members:
        assert set(others) <= set(neighbours[seed_point]) - {seed_point}
        assert len(set(others)) == group_size - 1
    assert len({tuple(sorted(group)) for group in groups.members[:n_samples]}) == n_samples


@given(seed=seeds, shift=st.floats(-1e4, 1e4))
def test_positions_of_a_group_are_absolute(seed, shift):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 50, (20, 2)) + shift
    groups = form_groups(positions, np.arange(20), 4, 7, 2, rng)
    np.testing.assert_array_equal(groups.positions_px(positions)[:, 0], positions.repeat(2, axis=0))
    np.testing.assert_array_equal(groups.positions_px(positions), positions[groups.members])


@given(seed=seeds)
def test_the_same_seed_forms_the_same_groups(seed):
    positions = np.random.default_rng(1).uniform(0, 50, (20, 2))
    first, second = (
        form_groups(positions, np.arange(20), 4, 7, 3, spawn(seed, Purpose.GROUPING)).members
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("n_samples", [1, 5])
@pytest.mark.parametrize(("group_size", "n_neighbours"), [(4, 7), (2, 7), (6, 8)])
def test_every_combination_is_equally_likely_over_seeds(group_size, n_neighbours, n_samples):
    positions = np.random.default_rng(1).uniform(0, 50, (12, 2))
    seen = Counter()
    for seed in range(1500):
        rng = spawn(seed, Purpose.GROUPING)
        groups = form_groups(positions, np.array([3]), group_size, n_neighbours, n_samples, rng)
        seen.update(tuple(sorted(others)) for others in groups.members[:, 1:])
    neighbours = nearest_neighbours(positions, np.array([3]), n_neighbours)[0]
    every = [tuple(sorted(some)) for some in combinations(neighbours, group_size - 1)]
    assert set(seen) == set(every)
    assert chisquare([seen[some] for some in every]).pvalue > 1e-3


def test_all_combinations_come_when_all_are_asked_for(rng):
    positions = rng.uniform(0, 50, (12, 2))
    groups = form_groups(positions, np.array([0]), 4, 7, 35, rng)
    assert len({tuple(sorted(group)) for group in groups.members}) == 35


def test_the_largest_numbers_of_neighbours_still_give_groups(rng):
    positions = rng.uniform(0, 50, (80, 2))
    groups = form_groups(positions, np.arange(80), 33, 64, 4, rng)
    assert all(len(set(group)) == 33 for group in groups.members)


def test_neighbours_leave_out_the_seed_point_where_exposures_share_a_position():
    positions = np.zeros((9, 2))
    neighbours = nearest_neighbours(positions, np.arange(9), 4)
    assert not np.any(neighbours == np.arange(9)[:, None])


@given(seed=seeds, n_seed_points=st.integers(1, 15))
def test_seed_points_come_once_and_rise(seed, n_seed_points):
    points = draw_seed_points(15, n_seed_points, np.random.default_rng(seed))
    assert len(points) == n_seed_points
    assert np.all(np.diff(points) > 0)
    assert points.max() < 15
