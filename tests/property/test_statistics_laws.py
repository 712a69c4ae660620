"""Laws of intervals and of the correction for many tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.report.statistics.t_intervals import combine, holm, mean_difference, t_interval, verdict

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)
values = arrays(np.float64, st.integers(2, 12), elements=st.floats(-10, 10))


def holm_rejects(p: list[float], level: float) -> list[bool]:
    """Holm's procedure as he wrote it: go up the p-values, stop at the first that is kept."""
    rejected = [False] * len(p)
    for step, place in enumerate(np.argsort(p, kind="stable")):
        if p[place] > level / (len(p) - step):
            break
        rejected[place] = True
    return rejected


@given(p=p_values, level=st.floats(0.001, 0.5))
def test_adjusted_p_values_reject_what_the_procedure_rejects(p, level):
    adjusted = holm(p)
    if any(abs(q - level) < 1e-12 for q in adjusted):
        return
    assert [q <= level for q in adjusted] == holm_rejects(p, level)


@given(p=p_values)
def test_adjusted_p_values_keep_their_order_and_are_never_below_the_raw_ones(p):
    adjusted = holm(p)
    assert all(raw <= q <= 1 for raw, q in zip(p, adjusted, strict=True))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


@given(p=st.floats(0, 1))
def test_a_family_of_one_is_left_as_it_is(p):
    assert holm([p]) == [p]


@given(p=p_values, seed=st.integers(0, 100))
def test_the_order_of_a_family_does_not_matter(p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    assert holm([p[place] for place in order]) == [holm(p)[place] for place in order]


@given(own=values, seed=st.integers(0, 100), higher_is_better=st.booleans())
def test_swapping_the_arms_negates_the_delta_and_flips_the_verdict(own, seed, higher_is_better):
    other = own + np.random.default_rng(seed).normal(0.5, 0.3, own.size)
    forth, back = mean_difference(own, other), mean_difference(other, own)
    assert back.mean == -forth.mean
    one, two = t_interval(forth), t_interval(back)
    assert one == two
    flipped = {"better": "worse", "worse": "better", "inconclusive": "inconclusive", None: None}
    said = verdict(forth.mean, one.p_value, higher_is_better)
    assert verdict(back.mean, two.p_value, higher_is_better) == flipped[said]


@given(own=values, factor=st.floats(0.1, 100))
def test_intervals_scale_with_the_unit_and_p_values_do_not(own, factor):
    other = own + np.linspace(0.1, 1.0, own.size)
    plain = t_interval(mean_difference(own, other))
    scaled = t_interval(mean_difference(factor * own, factor * other))
    assert scaled.half_width == pytest.approx(factor * plain.half_width, rel=1e-6)
    assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-6)


@given(st.lists(st.tuples(values, st.floats(0.5, 2)), min_size=1, max_size=4))
def test_combined_degrees_of_freedom_lie_between_the_smallest_and_the_sum(samples):
    means = [mean_difference(own + spread * np.arange(own.size), own) for own, spread in samples]
    freedoms = [mean.degrees_of_freedom for mean in means]
    combined = combine(means, [1.0] * len(means)).degrees_of_freedom
    assert min(freedoms) * (1 - 1e-9) <= combined <= sum(freedoms) * (1 + 1e-9)
