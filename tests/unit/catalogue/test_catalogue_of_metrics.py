import pytest

from tasks.catalogue.metric import RAW, Metric, Score
from tasks.catalogue.metrics import FIRST_ROWS, METRICS, MODULES
from tasks.catalogue.reconstructions import MODULES as RECONSTRUCTIONS
from tasks.runtime.stage_cache import fingerprinted_modules


def test_the_rows_that_come_first_are_those_of_metrics():
    assert {name.removeprefix(RAW) for name in FIRST_ROWS} <= set(METRICS.entries)
    scored = [metric.name for metric in METRICS.scored]
    assert scored == [name for name in FIRST_ROWS if name in scored]


def test_titles_tell_metrics_apart():
    titles = [metric.title() for metric in METRICS.entries.values()]
    assert len(set(titles)) == len(titles)


def test_a_comparison_is_made_anew_when_an_entry_of_a_catalogue_changes():
    used = fingerprinted_modules("tasks.compare.stage")
    assert {f"tasks.catalogue.metrics.{name}" for name in MODULES} <= set(used)
    assert {f"tasks.catalogue.reconstructions.{name}" for name in RECONSTRUCTIONS} <= set(used)


def test_a_value_that_is_not_finite_has_a_reason_or_is_refused():
    def given(value):
        return Metric(name="one", label="One", family="secondary", score=lambda _pair: Score(value))

    assert given(0.5).score_of(None, "phase") == Score(0.5)
    assert given(None).score_of(None, "phase") == Score(None)
    infinite = given(float("inf")).score_of(None, "phase")
    assert infinite == Score(None, reason="one is infinite: the image equals the truth")
    for part, name in (("phase", "one of the phase"), ("value", "one")):
        words = f"^{name} is NaN. Make the reconstruction again .* the metric is at fault"
        with pytest.raises(ValueError, match=words):
            given(float("nan")).score_of(None, part)
    with pytest.raises(ValueError, match="is NaN"):
        METRICS.entries["coverage_fraction"].score_of(None, "value")
