import numpy as np
import pytest
from scipy import stats

from tasks.report.statistics.t_intervals import combine, holm, mean_difference, t_interval, verdict

OWN, OTHER = (0.91, 0.88, 0.93, 0.90), (0.89, 0.87, 0.90, 0.91)


def test_the_interval_is_that_of_scipys_paired_t_test():
    difference = mean_difference(OWN, OTHER)
    interval = t_interval(difference)
    reference = stats.ttest_rel(OWN, OTHER)
    low, high = reference.confidence_interval(0.95)
    assert difference.mean - interval.half_width == pytest.approx(low, rel=1e-12)
    assert difference.mean + interval.half_width == pytest.approx(high, rel=1e-12)
    assert interval.p_value == pytest.approx(reference.pvalue, rel=1e-12)


def test_independent_means_are_combined_as_in_welchs_test():
    x, y = np.array(OWN), np.array([0.5, 0.9, 0.7, 0.8, 0.6])
    halved = combine(
        [mean_difference(x, np.zeros(4)), mean_difference(np.zeros(5), y)], weights=(1, 1)
    )
    reference = stats.ttest_ind(x, y, equal_var=False)
    assert 2 * halved.mean == pytest.approx(x.mean() - y.mean())
    assert halved.degrees_of_freedom == pytest.approx(reference.df, rel=1e-12)
    assert t_interval(halved).p_value == pytest.approx(reference.pvalue, rel=1e-12)


def test_weights_count_by_their_ratio():
    means = [mean_difference(OWN, OTHER), mean_difference(OTHER, OWN)]
    assert combine(means, (1, 3)).mean == pytest.approx(-means[0].mean / 2)
    assert combine(means, (2, 6)) == combine(means, (1, 3))


def test_one_mean_alone_comes_back_unchanged():
    difference = mean_difference(OWN, OTHER)
    alone = combine([difference], [3])
    assert alone.mean == difference.mean
    assert alone.degrees_of_freedom == pytest.approx(difference.degrees_of_freedom)
    assert alone.standard_error == pytest.approx(difference.standard_error)


@pytest.mark.parametrize("pairs", [((0.1,), (0.2,)), ((), ()), ((0.1, np.nan), (0.2, 0.3))])
def test_too_few_or_unknown_pairs_are_refused(pairs):
    with pytest.raises(ValueError, match=r"at least 2 finite pairs.*Leave this one out"):
        mean_difference(*pairs)


def test_equal_arms_have_no_interval_and_a_p_of_one():
    interval = t_interval(mean_difference(OWN, OWN))
    assert (interval.half_width, interval.p_value) == (None, 1.0)
    assert interval.reason == "the arms are equal in all 4 pairs"
    assert verdict(0.0, 1.0, True) == "inconclusive"


def test_differences_that_do_not_vary_have_neither_interval_nor_p():
    interval = t_interval(mean_difference((0.9, 0.5, 0.7), (0.8, 0.4, 0.6)))
    assert (interval.half_width, interval.p_value) == (None, None)
    assert "no spread to judge by" in interval.reason


def test_small_differences_that_do_vary_are_judged():
    interval = t_interval(mean_difference((0.5000002, 0.5000005), (0.5, 0.5)))
    assert interval.half_width > 0
    assert not interval.reason


def test_holm_gives_the_published_values():
    # R, stats::p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_tests_that_were_not_made_do_not_count():
    assert holm([0.02, None, 0.03]) == [pytest.approx(0.04), None, pytest.approx(0.04)]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("delta", "p", "higher_is_better", "expected"),
    [
        (0.1, 0.01, True, "better"),
        (0.1, 0.01, False, "worse"),
        (-0.1, 0.01, True, "worse"),
        (-0.1, 0.01, False, "better"),
        (0.1, 0.05, True, "inconclusive"),
        (0.1, 0.9, True, "inconclusive"),
        (0.1, None, True, None),
        (None, None, True, None),
    ],
)
def test_verdicts(delta, p, higher_is_better, expected):
    assert verdict(delta, p, higher_is_better) == expected
