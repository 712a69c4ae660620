"""What Prefect is told at the end of a run, read back from a real server of the test's own."""

import base64
import io
import json
import math
import time

import numpy as np
import orjson
import pytest
from PIL import Image
from prefect import flow
from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.runtime import flow_run

import tasks.report.task as report_task
from tasks.core.files.atomic_files import read_json, write_text
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY
from tasks.report.publish.artifacts import PUBLISHED_EVENT, REGRESSED_EVENT
from tasks.report.publish.write_reports import rebuild_reports
from tasks.report.records.attempts import interval_record
from tasks.report.statistics.summary import ReportParams
from tasks.report.task import IMAGE_KEY, REPORT_KEY, TABLE_KEY, publish, publish_partial_report
from tasks.runtime.run_session import hub_session

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server")]

MEANS = {
    ("PtychoPINN", "mae"): (0.030, 0.070),
    ("Baseline", "mae"): (0.035, 0.075),
    ("PtyChi", "mae"): (0.025, 0.050),
    ("PtychoPINN", "ms_ssim"): (0.90, 0.85),
    ("Baseline", "ms_ssim"): (0.89, 0.86),
    ("PtyChi", "ms_ssim"): (0.95, 0.95),
}
LARGEST_IMAGE = 300_000
FOLDER = "analysis/dose_1000/dense/test"


@pytest.fixture
def hub(tmp_path, rng):
    """A hub with tables, blocks and a picture that is hard to compress."""
    hub = tmp_path / f"hub of {tmp_path.name}"
    rows, lines = [], ["model,metric,block,amplitude,phase"]
    for (model, metric), means in MEANS.items():
        values = np.array(means) + rng.normal(0, 0.0005, (9, 2))
        rows.append(MetricRow(model, metric, *values.mean(axis=0).tolist()))
        lines += [f"{model},{metric},{n},{a!r},{p!r}" for n, (a, p) in enumerate(values.tolist())]
    write_metrics_csv(hub / FOLDER / "comparison_metrics.csv", rows)
    write_text(hub / FOLDER / "block_metrics.csv", "\n".join(lines) + "\n")
    noise = rng.integers(0, 256, (1500, 1200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(hub / FOLDER / "comparison_plot.png")
    rebuild_reports(hub, ReportParams())
    return hub


def run_last_step(hub):
    """Publish in a flow, and return the id of its run."""
    seen = []

    @flow
    def last_step():
        seen.append(flow_run.id)
        figures = {"compare.dose_1000.dense.test": f"{FOLDER}/comparison_plot.png"}
        with hub_session(hub):
            publish(figures)

    last_step()
    return seen[0]


def events_of(hub, name, least=1):
    """Return the events of a hub by their name, once the server has them, newest first."""
    deadline = time.monotonic() + 30
    with get_client(sync_client=True) as client:
        while True:
            wanted = EventFilter(  # Anew: it ends at the time that it is made.
                event=EventNameFilter(name=[name]),
                resource=EventResourceFilter(id=[f"phase-g.hub.{hub.name}"]),
            )
            found = client.read_events(wanted, limit=50).events
            if len(found) >= least or time.monotonic() > deadline:
                return found
            time.sleep(0.3)


def put_attempt(hub, put_plan, shift):
    """Record an attempt whose MAE deltas were lower by `shift`."""
    delta = read_json(hub / DELTA_SUMMARY)
    deltas = {
        rival: {
            metric: {p: v - shift * (metric == "mae") for p, v in parts.items()}
            for metric, parts in metrics.items()
        }
        for rival, metrics in delta["deltas"].items()
    }
    attempt = {
        "started_at": "2026-11-25T03:49:35Z",
        "ended_at": "2026-11-25T03:52:06Z",
        "result": "success",
        "parameters": {"seed": 42},
        "deltas": deltas,
        "intervals": interval_record(delta),
    }
    put_plan(hub, parameters={"seed": 42})
    write_text(hub / ATTEMPTS, orjson.dumps(attempt).decode() + "\n")


def test_the_table_has_a_row_a_delta_with_interval_and_verdict(hub):
    run_last_step(hub)
    delta = read_json(hub / DELTA_SUMMARY)
    raw = Artifact.get(TABLE_KEY).data
    table = json.loads(raw, parse_constant=pytest.fail)
    assert len(table) == 8
    for row in table:
        assert {"metric", "part", "against", "delta", "interval", "verdict"} <= set(row)
        metric = {"MS-SSIM": "ms_ssim", "MAE": "mae"}[row["metric"]]
        entry = delta["intervals"][f"vs_{row['against']}"][metric][row["part"]]
        assert row["delta"] == delta["deltas"][f"vs_{row['against']}"][metric][row["part"]]
        assert math.isfinite(row["delta"])
        assert row["verdict"] == entry["verdict"]
        assert f"{entry['low']:+.4f}"[:6] in row["interval"]


def test_pictures_are_small_and_stand_in_report_and_image(hub):
    run_last_step(hub)
    report, image = Artifact.get(REPORT_KEY), Artifact.get(IMAGE_KEY)
    assert "ALL COMPARISONS SUCCESSFUL" in report.data
    assert report.description == "ALL COMPARISONS SUCCESSFUL: 1 of 1"
    assert image.type == "image"
    inline = report.data.split("](")[1].split(")")[0]
    assert inline == image.data
    assert len(image.data) < LARGEST_IMAGE
    kind, encoded = image.data.split(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        assert np.asarray(picture.convert("L")).std() > 5


def test_the_report_of_a_failed_run_stands_alone(hub):
    run_last_step(hub)
    table = Artifact.get(TABLE_KEY).id
    seen = []

    @flow
    def failed():
        seen.append(flow_run.id)
        publish_partial_report(hub, "FAILURES PRESENT: 1 of 2", {})

    failed()
    report = Artifact.get(REPORT_KEY)
    assert report.data.startswith("FAILURES PRESENT: 1 of 2")
    assert str(report.flow_run_id) == seen[0]
    assert Artifact.get(TABLE_KEY).id == table


def test_an_event_tells_of_the_deltas_and_belongs_to_the_flow_run(hub):
    run_id = run_last_step(hub)
    (event,) = events_of(hub, PUBLISHED_EVENT)
    delta = read_json(hub / DELTA_SUMMARY)
    assert event.payload["deltas"] == delta["deltas"]
    assert event.payload["intervals"] == interval_record(delta)
    assert f"prefect.flow-run.{run_id}" in {related.id for related in event.related}
    assert events_of(hub, REGRESSED_EVENT, least=0) == []


def test_a_regression_has_an_event_of_its_own(hub, caplog, put_plan):
    put_attempt(hub, put_plan, shift=0.01)
    with caplog.at_level("WARNING", logger="prefect.task_runs"):
        run_last_step(hub)
    (event,) = events_of(hub, REGRESSED_EVENT)
    found = event.payload["regressions"]
    assert {entry["subject"] for entry in found} == {
        "PtychoPINN - Baseline",
        "PtychoPINN - PtyChi",
    }
    assert all(entry["change"] == pytest.approx(0.01) for entry in found)
    assert "4 deltas are worse than those of the attempt before" in caplog.text


def test_no_regression_no_event(hub, put_plan):
    put_attempt(hub, put_plan, shift=0.0)
    run_last_step(hub)
    events_of(hub, PUBLISHED_EVENT)
    assert events_of(hub, REGRESSED_EVENT, least=0) == []


def test_events_that_prefect_refuses_fail_no_run(hub, monkeypatch, caplog):
    def refuse(*_arguments, **_named):
        raise ConnectionError("the server is away")

    monkeypatch.setattr(report_task, "emit_event", refuse)
    with caplog.at_level("WARNING", logger="prefect.task_runs"):
        run_last_step(hub)
    missing = f"{PUBLISHED_EVENT} is missing (ConnectionError: the server is away)"
    assert missing in caplog.text


def test_a_damaged_record_of_attempts_fails_no_run(hub, caplog, put_plan):
    put_plan(hub)
    write_text(hub / ATTEMPTS, '{"cut": ')
    with caplog.at_level("WARNING", logger="prefect.task_runs"):
        run_last_step(hub)
    assert "remove the line" in caplog.text
    assert len(events_of(hub, PUBLISHED_EVENT)) == 1
