import pytest

from tasks.catalogue.metric import DIAGNOSTIC, PARTS, RAW, Metric, Score, check_metric
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


def test_what_is_made_of_an_image_and_the_truth_knows_which_is_better():
    for metric in METRICS.entries.values():
        if metric.score is not None or metric.family != DIAGNOSTIC:
            assert metric.direction


def test_a_comparison_is_made_anew_when_an_entry_of_a_catalogue_changes():
    used = fingerprinted_modules("tasks.compare.stage")
    assert {f"tasks.catalogue.metrics.{name}" for name in MODULES} <= set(used)
    assert {f"tasks.catalogue.reconstructions.{name}" for name in RECONSTRUCTIONS} <= set(used)


def made(**changes):
    return Metric(**({"name": "one", "label": "One", "family": "secondary"} | changes))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "raw_one"}, "before alignment"),
        ({"name": "One"}, "a name must match"),
        ({"name": "phase"}, "means something else"),
        ({"label": "a < b"}, "plain text"),
        ({"parts": ("phase",)}, "parts are"),
    ],
)
def test_an_entry_that_will_not_do_is_refused(changes, text):
    check_metric(made())
    with pytest.raises(ValueError, match=text):
        check_metric(made(**changes))


def test_a_value_that_is_not_finite_has_a_reason_or_is_refused():
    def given(value):
        return made(score=lambda _pair: Score(value), parts=PARTS)

    assert given(0.5).score_of(None, "phase") == Score(0.5)
    assert given(None).score_of(None, "phase") == Score(None)
    infinite = given(float("inf")).score_of(None, "phase")
    assert infinite == Score(None, reason="one is infinite: the image equals the truth")
    for part, name in (("phase", "one of the phase"), ("value", "one")):
        with pytest.raises(ValueError, match=f"^{name} is NaN. Make the reconstruction again"):
            given(float("nan")).score_of(None, part)
    with pytest.raises(ValueError, match="is NaN"):
        made().score_of(None, "value")
