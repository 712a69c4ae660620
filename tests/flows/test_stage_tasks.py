"""Stages as Prefect tasks: cached, retried, logged, and their artifacts read back."""

import itertools
import json

import pytest
from prefect import flow
from prefect.artifacts import Artifact, update_progress_artifact
from prefect.futures import wait
from prefect.logging import get_run_logger
from prefect.task_runners import ThreadPoolTaskRunner

import tasks.runtime.stage_task as stage_task_module
from flows.execution.attempt import raise_first_failure
from flows.phase_g import result_of
from tasks.core.files.atomic_files import write_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import PLAN
from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.report.publish.write_reports import rebuild_reports
from tasks.report.statistics.summary import ReportParams
from tasks.report.task import REPORT_KEY, TABLE_KEY, publish
from tasks.runtime.errors import StageFailedError
from tasks.runtime.run_session import hub_session
from tasks.runtime.stage_task import ProgressArtifact, execute, stage_task, submit

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server")]


@stage_task("any-stage")
def any_stage(call: StageCall) -> StageRecord:
    return execute(call)


def run_flow(hub, *calls, events=None):
    """Run calls one after another; return the names of their final states."""

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
    def chain():
        futures = []
        with hub_session(hub, (events if events is not None else []).append):
            for call in calls:
                futures.append(submit(any_stage, call, futures[-1:]))
            wait(futures)
            raise_first_failure({str(number): f.state for number, f in enumerate(futures)})
        return [future.state.name for future in futures]

    return chain()


@pytest.fixture
def chain_of_two(make_call, planned_hub):
    first = make_call("write", stage="first")
    second = make_call("write", stage="second", inputs={"source": "data/first.txt"})
    return planned_hub(first, second), first, second


def test_a_second_run_executes_no_stage(chain_of_two):
    hub, *calls = chain_of_two
    assert run_flow(hub, *calls) == ["Completed", "Completed"]
    assert (hub / "data/second.txt").read_text() == "hellohello"
    events = []
    assert run_flow(hub, *calls, events=events) == ["Cached", "Cached"]
    assert [(event.stage, event.kind) for event in events] == [
        ("first", "cached"),
        ("second", "cached"),
    ]


def test_a_hub_that_was_moved_executes_no_stage(chain_of_two, tmp_path):
    hub, *calls = chain_of_two
    run_flow(hub, *calls)
    hub.rename(tmp_path / "elsewhere")
    assert run_flow(tmp_path / "elsewhere", *calls) == ["Cached", "Cached"]


@pytest.mark.parametrize("damage", ["delete", "truncate", "flip"])
def test_a_damaged_output_is_made_again_and_only_that(damage, chain_of_two):
    hub, *calls = chain_of_two
    run_flow(hub, *calls)
    path = hub / "data/first.txt"
    if damage == "delete":
        path.unlink()
    else:
        path.write_text("hell" if damage == "truncate" else "hellp")
    assert run_flow(hub, *calls) == ["Completed", "Cached"]
    assert path.read_text() == "hello"


def test_a_lost_record_and_log_are_put_right_without_running_the_stage(chain_of_two):
    hub, *calls = chain_of_two
    run_flow(hub, *calls)
    manifest, log = hub / calls[0].manifest, hub / calls[0].log
    record, said = manifest.read_bytes(), (hub / calls[1].log).read_bytes()
    manifest.write_bytes(record[:-9])
    log.unlink()
    assert run_flow(hub, *calls) == ["Cached", "Cached"]
    assert manifest.read_bytes() == record
    assert "its log was not." in log.read_text()
    assert log.read_text().endswith(" ended well\n")
    assert (hub / calls[1].log).read_bytes() == said


def test_a_changed_parameter_redoes_what_depends_on_it(chain_of_two):
    hub, first, second = chain_of_two
    run_flow(hub, first, second)
    other = second.model_copy(update={"params": {"text": "other", "seconds": 0.0}})
    write_json(hub / PLAN, {"stages": [c.model_dump(mode="json") for c in (first, other)]})
    assert run_flow(hub, first, other) == ["Cached", "Completed"]
    assert (hub / "data/second.txt").read_text() == "helloother"


def test_transient_failures_are_tried_again(make_call, planned_hub):
    call = make_call("lose_disk")
    hub = planned_hub(call)
    assert run_flow(hub, call) == ["Completed"]
    assert (hub / "data/stage.count").read_text() == "2"


def test_bad_input_is_not_tried_again_and_stops_what_follows(make_call, planned_hub):
    first = make_call("reject", stage="first")
    second = make_call("write", stage="second", inputs={"source": "data/first.txt"})
    hub = planned_hub(first, second)
    events = []
    with pytest.raises(StageFailedError, match="Expected something else"):
        run_flow(hub, first, second, events=events)
    assert [event.kind for event in events if event.stage == "first"] == ["started", "failed"]
    (told,) = (event.text for event in events if event.kind == "failed" and event.stage == "first")
    assert told.startswith("with ValueError: Expected something else, got hello.")
    assert not [event for event in events if event.stage == "second" and event.kind == "started"]


def test_the_deltas_are_published_and_read_back(tmp_path):
    rows = [
        MetricRow(model, metric, value, value / 2)
        for value, model in ((0.9, "PtychoPINN"), (0.8, "Baseline"))
        for metric in ("ms_ssim", "mae")
    ]
    write_metrics_csv(tmp_path / "analysis/dose_1000/dense/test/comparison_metrics.csv", rows)
    rebuild_reports(tmp_path, ReportParams())

    @flow
    def last_step():
        with hub_session(tmp_path):
            return publish({})

    assert last_step().delta["deltas"]["vs_Baseline"]["mae"]["amplitude"] == pytest.approx(0.1)
    table = json.loads(Artifact.get(TABLE_KEY).data)
    assert len(table) == 8
    by_name = {(row["metric"], row["part"], row["against"]): row["delta"] for row in table}
    assert by_name["MS-SSIM", "phase", "Baseline"] == pytest.approx(0.05)
    assert by_name["MAE", "amplitude", "PtyChi"] is None
    assert "FAILURES PRESENT: 0 of 1 comparisons failed, 1 without PtyChi" in (
        Artifact.get(REPORT_KEY).data
    )


def test_without_a_summary_nothing_is_published_and_the_run_says_so(tmp_path, caplog):
    @flow
    def last_step():
        with hub_session(tmp_path):
            return publish({})

    with caplog.at_level("WARNING", logger="prefect.task_runs"):
        published = last_step()
    assert published is None
    assert "analysis/metrics_summary.json is missing" in caplog.text
    assert not (tmp_path / "analysis").exists()
    result = result_of(published)
    assert (result.delta_summary, result.deltas) == (None, None)
    assert "metrics_delta_summary.json was not written" in result.warnings[0]


def progress_task(clock):
    """Return a task that executes a stage and shows its progress under the key `progress-test`."""

    @stage_task("shown-stage")
    def shown_stage(call: StageCall) -> StageRecord:
        progress = ProgressArtifact("progress-test", get_run_logger(), clock)
        record = execute(call, progress)
        progress.finish("all done")
        return record

    return shown_stage


def run_shown(hub, call, clock):
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
    def one():
        with hub_session(hub):
            return submit(progress_task(clock), call, []).result()

    return one()


def test_the_progress_of_a_stage_is_an_artifact_that_ends_at_one_hundred(
    make_call, planned_hub, monkeypatch
):
    call = make_call("write", stage="shown")
    seen = []

    def update(**arguments):
        seen.append((arguments["progress"], arguments["description"]))
        return update_progress_artifact(**arguments)

    monkeypatch.setattr(stage_task_module, "update_progress_artifact", update)
    ticks = itertools.count(step=stage_task_module.INTERVAL_S)
    run_shown(planned_hub(call), call, lambda: next(ticks))
    artifact = Artifact.get("progress-test")
    assert artifact.type == "progress"
    assert artifact.data == 100.0
    assert artifact.task_run_id is not None
    assert artifact.description == "all done"
    assert seen == [(50.0, "half way"), (100.0, "all of it"), (100.0, "all done")]


def test_progress_comes_at_most_every_few_seconds(make_call, planned_hub, monkeypatch):
    call = make_call("write", stage="shown")
    seen = []

    def update(**arguments):
        seen.append(arguments["progress"])
        return arguments["artifact_id"]

    monkeypatch.setattr(stage_task_module, "update_progress_artifact", update)
    run_shown(planned_hub(call), call, lambda: 0.0)
    assert seen == [100.0]


def test_progress_that_prefect_refuses_is_told_once_and_fails_nothing(
    make_call, planned_hub, monkeypatch, caplog
):
    def refuse(**_arguments):
        raise ConnectionError("the server is away")

    monkeypatch.setattr(stage_task_module, "update_progress_artifact", refuse)
    call = make_call("write", stage="shown")
    ticks = itertools.count(step=stage_task_module.INTERVAL_S)
    with caplog.at_level("WARNING", logger="prefect.task_runs"):
        record = run_shown(planned_hub(call), call, lambda: next(ticks))
    assert record.facts == {"length_px": 5}
    assert caplog.text.count("does not take the progress of progress-test") == 1


def test_retries_grow_and_are_few():
    assert any_stage.retries == stage_task_module.RETRIES == 2
    assert any_stage.retry_delay_seconds == [2.0, 4.0]
