"""What a run that failed still tells."""

import pytest

from flows.cli.without_a_run import report
from flows.execution.partial_report import partial_call
from flows.execution.run import open_hub
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json, write_text
from tasks.core.study.hub_layout import (
    BLOCKER_JSON,
    BLOCKER_TEXT,
    COST_TABLE,
    DIGEST,
    HUB_SUMMARY,
    METRICS_SUMMARY,
    REPORT_PAGE,
)
from tasks.report.__main__ import main as report_main
from tasks.report.records.attempts import read_blocker
from tasks.runtime.errors import BadInputError, StageFailedError

FAILED_STAGE = "iterate-ptychi.dose_1000.dense.test"
WORD = "FAILURES PRESENT: 2 of 2 comparisons failed, the last run was stopped"


@pytest.fixture
def plan(tmp_path):
    return make_plan(PhaseGParams(hub=tmp_path / "run", profile="smoke", skip_post_verify=True))


@pytest.fixture
def thorough_plan(tmp_path):
    params = {"profile": "smoke", "splits": ("test",), "refine": 3, "truth_free": True}
    return make_plan(PhaseGParams(hub=tmp_path / "run", **params))


def fail(plan, stage=FAILED_STAGE):
    """Run a plan whose stage fails at once."""
    error = StageFailedError(
        stage,
        f"python -m tasks.runtime.stage_process . {stage}",
        "ValueError",
        "The loss is not finite after 3 epochs.",
        ["last line"],
        is_transient=False,
    )
    with pytest.raises(StageFailedError), open_hub(plan):
        raise error


def test_a_comparison_goes_without_an_arm_that_is_not_done(thorough_plan):
    (call,) = thorough_plan.comparisons
    unfinished = ("iterate-ptychi.", "refine-ptychopinn.", "predict-baseline-odd.")
    done = {made.stage for made in thorough_plan if not made.stage.startswith(unfinished)}
    partial = partial_call(call, thorough_plan, done)
    assert partial.stage == call.stage
    left_out = set(call.inputs) - set(partial.inputs)
    assert left_out == {
        *("PtyChi", "PtyChi.iterates", "PtyChi.odd", "PtyChi.even"),
        *("PtychoPINN-refined", "PtychoPINN-refined.iterates"),
        *("Baseline.odd", "Baseline.even"),
    }
    assert partial.outputs == call.outputs
    assert partial_call(call, thorough_plan, {made.stage for made in thorough_plan}) == call


@pytest.mark.parametrize("unfinished", [("predict-", "iterate-"), ("view.",), ("simulate.",)])
def test_without_an_arm_or_its_scan_there_is_no_comparison(unfinished, thorough_plan):
    (call,) = thorough_plan.comparisons
    done = {made.stage for made in thorough_plan if not made.stage.startswith(unfinished)}
    assert partial_call(call, thorough_plan, done) is None


def test_a_failed_run_leaves_reports_that_say_what_stopped_it(plan, capsys):
    fail(plan)
    hub = plan.params.hub
    summary = read_json(hub / METRICS_SUMMARY)
    assert (summary["n_jobs"], summary["n_success"], summary["n_failed"]) == (2, 0, 2)
    digest = (hub / DIGEST).read_text(encoding="utf-8")
    assert f"stopped in {FAILED_STAGE} by ValueError: The loss is not finite" in digest
    assert digest.rstrip().endswith(WORD)
    page = (hub / REPORT_PAGE).read_text(encoding="utf-8")
    banner = page[page.index('class="banner"') : page.index('class="answer"')]
    assert WORD in banner
    assert "The loss is not finite after 3 epochs." in banner
    assert f"cli/{FAILED_STAGE}.log" in banner
    assert "dense view, test split failed or is missing" in banner
    assert f"**{WORD}**" in (hub / HUB_SUMMARY).read_text(encoding="utf-8")
    assert report(hub, verify=True) == 1
    said = capsys.readouterr().out
    assert WORD in said
    assert said.startswith(f"The last run was stopped in {FAILED_STAGE} by ValueError")
    assert said.count("what is missing or damaged is made anew") == 1
    assert f"in the hub: python -m tasks.runtime.stage_process . {FAILED_STAGE}" in (
        hub / BLOCKER_TEXT
    ).read_text(encoding="utf-8")
    assert report_main(["history", str(hub)]) == 0
    assert "The loss is not finite" in capsys.readouterr().out


def test_tables_that_a_failed_run_does_not_vouch_for_are_archived(plan):
    hub = plan.params.hub
    (call, *_) = plan.comparisons
    old = (call.outputs["metrics"], call.outputs["plot"], COST_TABLE)

    def run():
        for path in old:
            write_text(hub / path, "of an earlier run")
        raise ValueError("no light")

    with pytest.raises(ValueError, match="no light"), open_hub(plan):
        run()
    (archive,) = (hub / "archive").iterdir()
    for path in old:
        assert not (hub / path).exists()
        assert (archive / path).read_text() == "of an earlier run"
    assert (hub / DIGEST).read_text(encoding="utf-8").rstrip().endswith(WORD)


def test_the_next_run_forgets_the_failure(plan):
    fail(plan)
    hub = plan.params.hub
    with open_hub(plan):
        assert read_blocker(hub) is None


def test_a_long_message_is_one_short_sentence(plan):
    hub = plan.params.hub
    with pytest.raises(ValueError), open_hub(plan):
        raise ValueError("first line\nsecond line " + "x" * 1000)
    first, *_ = read_blocker(hub).sentences
    assert "first line second line xxx" in first
    assert len(first) < 500
    assert first.endswith("...")


@pytest.mark.parametrize("content", ['{"exception": "ValueError"', "[1]", '{"message": "no"}'])
def test_a_damaged_blocker_is_refused_and_nothing_is_written(content, plan):
    fail(plan)
    hub = plan.params.hub
    write_text(hub / BLOCKER_JSON, content)
    before = {path: path.read_bytes() for path in hub.rglob("*") if path.is_file()}
    with pytest.raises(BadInputError, match=r"blocker\.json.*(again|removed?)"):
        report(hub, verify=False)
    assert before == {path: path.read_bytes() for path in hub.rglob("*") if path.is_file()}
