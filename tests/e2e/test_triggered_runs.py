"""Runs that are triggered on a real server, as the form does it, and computed by a real worker.

The tests share the server, and the deployment takes one run at a time, so they come in the order
that needs the least waiting.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deployments.steps import PROJECT
from flows.hub.location import bytes_needed
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY, REPORT_PAGE
from tasks.report.task import IMAGE_KEY, REPORT_KEY, TABLE_KEY
from tasks.report.verification.verification import verify_hub

pytestmark = pytest.mark.e2e

CONDITIONS = {f"dose_{dose}-{view}" for dose in (1000, 10000) for view in ("dense", "sparse")}
CANCELLED_WITHIN_S = 10
CRASHED_WITHIN_S = 180


@pytest.fixture(scope="module")
def silent(site):
    """A run whose worker and process were killed while it trained; a new worker is there."""
    run = site.trigger("silent")
    site.wait_until(lambda: "train-baseline" in str(site.stages_of("silent")), 120)
    stages = site.stages_of("silent")
    site.worker_pids = [site.worker.process_id(), site.run_of(next(iter(stages)))]
    for pid in site.worker_pids:
        os.kill(pid, signal.SIGKILL)
    site.wait_until(lambda: not site.stages_of("silent"), 5)
    assert site.worker.process_id() is None
    assert site.api.state(run)["name"] == "Running"
    return run


def test_a_pool_without_workers_is_said_at_once(site, silent):
    found = site.command("deployments.run", "phase-g/gpu", "--profile", "smoke", expect=2)
    assert "has no worker online" in found.stderr
    assert "prefect worker start --pool phase-g-gpu" in found.stderr


def test_deploying_twice_changes_nothing_the_second_time(site, silent):
    before = everything_declared(site.api)
    assert "Nothing to change" in site.deploy()
    after = everything_declared(site.api)
    changed = [
        f"{old['name']}: {key} was {old[key]!r}, is {new[key]!r}"
        for old, new in zip(before["deployments"], after["deployments"], strict=True)
        for key in old
        if old[key] != new[key]
    ]
    assert changed == []
    assert after == before
    assert len(before["deployments"]) >= 2
    assert len(before["automations"]) == 3


def everything_declared(api):
    """Return what the server knows, but for what a poll of a worker changes."""
    polled = dict.fromkeys(("last_polled", "status", "updated"))

    def by_id(path):
        return sorted(api.post(path), key=lambda entry: entry["id"])

    pools = by_id("/work_pools/filter")
    queues = {pool["name"]: by_id(f"/work_pools/{pool['name']}/queues/filter") for pool in pools}
    return {
        "pools": [pool | polled for pool in pools],
        "queues": {name: [one | polled for one in found] for name, found in queues.items()},
        "deployments": [one | polled for one in by_id("/deployments/filter")],
        "updated": [one["updated"] for one in by_id("/deployments/filter")],
        "automations": by_id("/automations/filter"),
    }


def test_a_changed_declaration_is_applied_and_named(site, silent):
    said = site.command("deployments.deploy", "phase-g/local", "--gpus", "2").stdout
    assert said == "pool phase-g-gpu: updated concurrency_limit\n"
    assert site.api.get("/work_pools/phase-g-gpu")["concurrency_limit"] == 2
    site.deploy()
    assert site.api.get("/work_pools/phase-g-gpu")["concurrency_limit"] == 1


def test_the_schedule_makes_runs_with_its_own_parameters(site, silent):
    def scheduled():
        wanted = {"deployments": {"name": {"any_": ["gpu"]}}}
        return site.api.post("/flow_runs/filter", wanted)

    site.wait_until(lambda: bool(scheduled()), 60)
    for run in scheduled():
        assert run["parameters"]["params"]["hub"] == "runs/nightly"
        assert run["auto_scheduled"]
        assert run["state"]["type"] == "SCHEDULED"


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"photons_per_pattern": 0}, "0 is less than or equal to the minimum of 0"),
        ({"view": "wide"}, "'wide' is not one of ['dense', 'sparse']"),
        ({"seeds": 101}, "101 is greater than the maximum of 100"),
        ({"instrument": {"n_modes": 0}}, "0 is less than the minimum of 1"),
        # A field of an older version.
        ({"batch_size": 32}, "'batch_size' was unexpected"),
    ],
)
def test_a_wrong_value_is_refused_when_it_is_submitted(site, silent, params, complaint):
    deployment = site.api.get("/deployments/name/phase-g/local")
    path = f"/deployments/{deployment['id']}/create_flow_run"
    answer = site.api.call("POST", path, {"parameters": {"params": params}})
    assert answer.status_code in (409, 422)
    assert complaint in answer.text
    assert next(iter(params)) in answer.text


def test_the_form_has_groups_choices_units_and_ranges(site, silent):
    schema = site.api.get("/deployments/name/phase-g/local")["parameter_openapi_schema"]
    fields = schema["definitions"]["PhaseGParams"]["properties"]
    for name, field in PhaseGParams.model_fields.items():
        assert fields[name]["description"].startswith(field.description[:20]), name
    assert fields["seeds"]["description"].endswith("(at least 1, at most 100)")
    assert fields["photons_per_pattern"]["title"] == "Dose [photons per pattern]"
    assert schema["definitions"]["Profile"]["enum"] == ["smoke", "quick", "study"]
    instrument = schema["definitions"]["InstrumentParams"]["properties"]
    assert instrument["position_error_px"]["title"] == "Position error [px]"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PREFECT_API_AUTH_STRING": "beamline:wrong"}, "refuses the credentials (401). Set"),
        ({"PREFECT_API_URL": "http://127.0.0.1:9/api"}, "does not answer"),
        ({"PHASE_G_STATE": "/none"}, "No Prefect server is named. Start one"),
    ],
)
def test_a_server_that_cannot_be_used_is_said(site, silent, variables, message):
    found = site.command("deployments.run", "phase-g/local", expect=2, **variables)
    assert message in found.stderr


def test_a_port_that_is_taken_is_said(site, silent, tmp_path):
    words = ("deployments.serve", "--port", str(site.port))
    found = site.command(*words, expect=2, PHASE_G_STATE=str(tmp_path))
    assert f"Port {site.port} of 127.0.0.1 cannot be used" in found.stderr


def test_a_run_whose_worker_was_killed_becomes_crashed(site, silent):
    state = site.wait_for(silent, "Crashed", within_s=CRASHED_WITHIN_S)
    assert "No heartbeat for 90 s" in state["message"]


def test_the_next_run_in_its_hub_skips_what_is_finished_and_can_be_cancelled(site, silent):
    assert "runs already" in site.serve()
    run = site.trigger("silent")
    site.wait_until(lambda: "train-baseline" in str(site.stages_of("silent")), 180)
    log = site.log_of("silent")
    assert log.count("simulate: started") == 1
    assert log.count("simulate: done") == 1
    assert "simulate: cached" in log
    computing = site.stages_of("silent")
    site.api.post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": "CANCELLING"}})
    site.wait_until(
        lambda: not computing.keys() & site.stages_of("silent").keys(), CANCELLED_WITHIN_S
    )
    assert site.wait_for(run, "Cancelled", within_s=60)["type"] == "CANCELLED"
    lines = (site.hubs / "silent" / ATTEMPTS).read_text().splitlines()
    attempts = [json.loads(line) for line in lines]
    assert [attempt["result"] for attempt in attempts] == ["interrupted"]


def test_a_cancelled_run_goes_on_and_a_second_one_in_its_hub_waits(site, silent):
    first = site.trigger("silent")
    site.wait_until(lambda: "train-baseline" in str(site.stages_of("silent")), 120)
    second = site.trigger("silent")
    refused = site.command(
        "flows.phase_g", "--hub", "silent", "--profile", "smoke", "--splits", "test", expect=2
    )
    assert "Another run (process" in refused.stderr
    assert site.wait_for(first, "Completed", "Failed", "Crashed")["name"] == "Completed"
    assert site.wait_for(second, "Completed", "Failed", "Crashed")["name"] == "Completed"
    ended, began = (site.api.get(f"/flow_runs/{run['id']}") for run in (first, second))
    assert ended["end_time"] < began["start_time"]
    assert set(site.task_states(second).values()) <= {"Cached", "Completed"}
    assert site.task_states(second)["train-baseline"] == "Cached"
    hub = site.hubs / "silent"
    assert site.log_of("silent").count("compare test: done") == 1
    site.command("flows.phase_g", "--hub", "silent", "--post-verify-only")
    silent["finished"] = second
    plan = make_plan(PhaseGParams(hub=hub, profile="smoke", splits=("test",)))
    size = sum(path.stat().st_size for path in hub.rglob("*") if path.is_file())
    assert size < bytes_needed(plan) < 5 * size


def test_the_artifacts_of_a_run_are_read_back(site, silent):
    run = silent["finished"]
    wanted = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    artifacts = {entry["key"]: entry for entry in site.api.post("/artifacts/filter", wanted)}
    assert {TABLE_KEY, REPORT_KEY, IMAGE_KEY} <= artifacts.keys()
    table = json.loads(artifacts[TABLE_KEY]["data"])
    deltas = read_json(site.hubs / "silent" / DELTA_SUMMARY)["deltas"]
    for row in table:
        metric = {"MS-SSIM": "ms_ssim", "MAE": "mae"}[row["metric"]]
        assert row["delta"] == deltas[f"vs_{row['against']}"][metric][row["part"]]
    assert (site.hubs / "silent" / REPORT_PAGE).is_file()


SAVE_BLOCK = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock

message = {"subject": "{{subject}}", "body": "{{body}}"}
block = CustomWebhookNotificationBlock(name="told", url=sys.argv[1], json_data=message)
block.save("beamline", overwrite=True)
"""


@pytest.fixture
def told(site):
    """What people were told so far: messages to a web hook that a block of the server names."""
    messages = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.python(SAVE_BLOCK, f"http://127.0.0.1:{server.server_port}/")
        deploy = ("deployments.deploy", "phase-g/local")
        said = site.command(*deploy, "--notify", "custom-webhook/beamline").stdout
        assert "deltas regressed" in said
        yield messages
        site.command(*deploy)
        server.shutdown()


def test_a_regression_is_told_by_the_block_that_was_named(site, silent, told):
    path = site.hubs / "silent" / ATTEMPTS
    *earlier, last = path.read_text().splitlines()
    better = json.loads(last)
    for rival in better["deltas"].values():
        rival["mae"] = {part: value - 1 for part, value in rival["mae"].items()}
    path.write_text("\n".join([*earlier, json.dumps(better)]) + "\n")
    run = site.trigger("silent")
    assert site.wait_for(run, "Completed", "Failed", "Crashed")["name"] == "Completed"
    site.wait_until(lambda: bool(told), 60)
    (message,) = told
    assert message["subject"] == "Phase G: deltas regressed"
    assert "Hub silent" in message["body"]
    assert "PtychoPINN - Baseline" in message["body"]


def test_a_hub_outside_of_the_root_fails_before_any_work_and_a_nightly_failure_is_told(
    site, silent
):
    run = site.trigger("../outside", tags=["auto-scheduled"])
    state = site.wait_for(run, "Failed", "Completed", "Crashed")
    assert state["name"] == "Failed"
    assert "must lie below the hub root" in state["message"]
    assert not (site.hubs.parent / "outside").exists()
    (automation,) = [
        one
        for one in site.api.post("/automations/filter")
        if one["name"] == "phase-g: nightly run failed"
    ]

    def told():
        resource = {"id": [f"prefect.automation.{automation['id']}"]}
        wanted = {"filter": {"event": {"prefix": ["prefect.automation."]}, "resource": resource}}
        events = site.api.post("/events/filter", wanted)["events"]
        return {event["event"] for event in events}

    site.wait_until(lambda: "prefect.automation.action.executed" in told(), 30)


@pytest.fixture
def sweep_of(site, sweep_options):
    """Run a sweep at the command line of the machine whose worker has its conditions."""

    def run(hub, deployment):
        words = ["--hub", hub, *sweep_options, "--runner", "deployment", "--deployment", deployment]
        return subprocess.run(
            [sys.executable, "-m", "flows.dose_overlap_study", *words],
            env=site.environment | {"PREFECT_API_URL": f"http://127.0.0.1:{site.port}/api"},
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=1200,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("deployment", "message"),
    [
        ("phase-g/elsewhere", "has no deployment 'phase-g/elsewhere'"),
        ("phase-g/gpu", "has no worker online: nobody would run the conditions"),
    ],
)
def test_a_deployment_that_nobody_would_run_is_refused_at_once(site, sweep_of, deployment, message):
    refused = sweep_of("refused", deployment)
    assert refused.returncode == 2, refused.stderr
    assert message in refused.stderr
    assert not (site.hubs / "refused").exists()


def test_each_condition_is_a_run_of_the_deployment(site, sweep_of, swept):
    """What the runs share, and one comparison, are made anew in a finished hub."""
    hub = shutil.copytree(swept.hub, site.hubs / "swept")
    table = hub / "analysis/dose_1000/sparse/test/comparison_metrics.csv"
    table.unlink()
    (hub / "data/phase_c/dose_1000/truth.h5").unlink()
    done = sweep_of("swept", "phase-g/local")
    assert done.returncode == 0, done.stderr
    assert verify_hub(hub)["all_valid"]
    assert table.read_bytes() == (swept.hub / table.relative_to(hub)).read_bytes()
    content = read_json(hub / "analysis/condition_map.json")
    assert {c["view"] for one in content["maps"] for c in one["cells"]} == {"dense", "sparse"}
    found = site.api.post("/flow_runs/filter", {"flows": {"name": {"any_": ["phase-g"]}}})
    runs = {run["name"]: run for run in found if run["name"] in CONDITIONS}
    assert runs.keys() == CONDITIONS
    assert {run["state_type"] for run in runs.values()} == {"COMPLETED"}
    # The second condition takes the scan that the first has made.
    log = (hub / "cli/simulate.dose_1000.log").read_text()
    assert log.count("ended well") == 2, "once before, and once by the first run"
