"""What a run leaves when it ends, well or not; its stages are stood in for by their outputs."""

import shutil

import pytest

from flows.execution.run import open_hub
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json, sha256_of, write_text
from tasks.core.study.hub_layout import (
    BLOCKER_TEXT,
    DELTA_SUMMARY,
    HUB_SUMMARY,
    PLAN,
    RESEARCH_OBJECT,
)
from tasks.report.__main__ import main
from tasks.report.records.attempts import interval_record, read_attempts


@pytest.fixture
def plan(tmp_path):
    return make_plan(PhaseGParams(hub=tmp_path / "run", profile="smoke", skip_post_verify=True))


def fingerprints(hub):
    """Return the SHA-256 of every file as the crate has it."""
    graph = read_json(hub / RESEARCH_OBJECT)["@graph"]
    return {entity["@id"]: entity["sha256"] for entity in graph if entity["@type"] == "File"}


def test_a_run_that_ends_well_records_deltas_with_intervals_and_then_tells_of_it(
    plan, report_hub, capsys
):
    hub = plan.params.hub
    with open_hub(plan):
        shutil.copytree(report_hub("made"), hub, dirs_exist_ok=True)
    (attempt,) = read_attempts(hub)
    delta = read_json(hub / DELTA_SUMMARY)
    assert attempt.result == "success"
    assert attempt.deltas == delta["deltas"]
    assert {
        rival: {m: {p: k.model_dump() for p, k in ps.items()} for m, ps in metrics.items()}
        for rival, metrics in attempt.intervals.items()
    } == interval_record(delta)
    assert attempt.parameters == read_json(hub / "plan/plan.json")["parameters"]
    assert set(attempt.git) == {"commit", "dirty"}
    assert "Last attempt: success" in (hub / HUB_SUMMARY).read_text(encoding="utf-8")
    for path, fingerprint in fingerprints(hub).items():
        assert sha256_of(hub / path) == fingerprint, path
    assert main(["history", str(hub)]) == 0
    assert "success" in capsys.readouterr().out


def test_a_run_that_fails_tells_of_it_too(plan):
    hub = plan.params.hub
    with pytest.raises(ValueError, match="no light"), open_hub(plan):
        raise ValueError("no light")
    (attempt,) = read_attempts(hub)
    assert attempt.result == "failed"
    assert attempt.deltas is None
    assert attempt.blocker.message == "no light"
    page = (hub / HUB_SUMMARY).read_text(encoding="utf-8")
    assert "stopped in the flow itself by ValueError" in page
    assert f"(../{BLOCKER_TEXT})" in page
    for path, fingerprint in fingerprints(hub).items():
        assert sha256_of(hub / path) == fingerprint, path


def test_a_damaged_report_does_not_hide_what_stopped_a_run(plan, caplog):
    hub = plan.params.hub

    def spoil_and_fail():
        write_text(hub / PLAN, "{")
        raise ValueError("no light")

    with pytest.raises(ValueError, match="no light"), open_hub(plan):
        spoil_and_fail()
    assert read_attempts(hub)[0].result == "failed"
    assert "The reports of what there is were not made" in caplog.text
    assert "The summary for colleagues was not written" in caplog.text


def test_an_interrupted_run_is_recorded_without_deltas(plan):
    with pytest.raises(KeyboardInterrupt), open_hub(plan):
        raise KeyboardInterrupt
    (attempt,) = read_attempts(plan.params.hub)
    assert (attempt.result, attempt.deltas, attempt.blocker) == ("interrupted", None, None)
