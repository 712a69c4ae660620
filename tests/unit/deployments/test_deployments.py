"""What the files of `deployments/` declare, and the commands that need no server."""

import os
import signal
import sys
from uuid import uuid4

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import AutomationCore

import deployments.run as trigger_command
from deployments.automations import NIGHT, as_compared, automations
from deployments.connection import STATE_VARIABLE
from deployments.declared import (
    Deployment,
    declared_deployments,
    declared_pools,
    declared_pull_steps,
)
from deployments.deploy import differing
from deployments.form import form_schema, range_text, title_of, with_ranges
from deployments.processes import Service
from deployments.run import merged
from deployments.serve import environment_of
from deployments.steps import enter_project
from flows.params.run import PhaseGParams
from flows.phase_g import phase_g
from tasks.runtime.errors import BadInputError
from tasks.runtime.process_lifetime import PROJECT

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(60)",
]


@pytest.fixture
def service(tmp_path):
    service = Service("sleeper", tmp_path)
    yield service
    service.stop(patience_s=0)


def wait_until_up(service: Service) -> None:
    while "up" not in service.last_words():
        assert service.process_id() is not None


def test_pools_and_queues_of_every_deployment_are_declared():
    pools = {pool.name: {queue.name for queue in pool.queues} for pool in declared_pools(gpus=1)}
    for one in declared_deployments():
        assert one.work_pool.work_queue_name in pools[one.work_pool.name]
    for queues in (pool.queues for pool in declared_pools(gpus=1)):
        priorities = [queue.priority for queue in queues]
        assert sorted(priorities) == list(range(1, len(priorities) + 1))


def test_the_gpu_pool_takes_a_run_for_each_gpu():
    limits = {pool.name: pool.concurrency_limit for pool in declared_pools(gpus=3)}
    assert limits == {"phase-g-cpu": None, "phase-g-gpu": 3}


def test_runs_of_a_deployment_wait_for_each_other():
    for one in declared_deployments():
        assert one.concurrency_limit.collision_strategy.value == "ENQUEUE"
        assert one.concurrency_limit.limit == 1
        on_gpus = one.work_pool.name == "phase-g-gpu"
        assert one.with_gpus(3).concurrency_limit.limit == (3 if on_gpus else 1)


def test_the_parameters_of_deployments_and_schedules_are_those_of_their_flow(tmp_path, monkeypatch):
    monkeypatch.setenv("PHASE_G_DATA_ROOT", str(tmp_path))
    (tmp_path / "scan.cxi").write_bytes(b"named by the form of phase-g/measured")
    found = declared_deployments(["phase-g/local", "phase-g/measured", "phase-g/gpu"])
    sets = [one.parameters for one in found]
    sets += [schedule.parameters for one in found for schedule in one.schedules]
    for parameters in filter(None, sets):
        PhaseGParams.model_validate(parameters["params"])
    assert [schedule.slug for one in found for schedule in one.schedules] == ["nightly"]


def test_a_schedule_has_a_time_zone_that_exists():
    for one in declared_deployments():
        for schedule in one.schedules:
            CronSchedule(cron=schedule.cron, timezone=schedule.timezone)


def test_a_deployment_is_called_like_its_flow():
    for one in declared_deployments(["phase-g/local", "phase-g/measured", "phase-g/gpu"]):
        assert one.slug == f"{phase_g.name}/{one.name}"


def test_processes_get_their_threads_and_their_gpu_as_job_variables():
    (local,) = declared_deployments(["phase-g/local"])
    (gpu,) = declared_deployments(["phase-g/gpu"])
    for one in (local, gpu):
        assert one.work_pool.job_variables["env"]["OMP_NUM_THREADS"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in local.work_pool.job_variables["env"]
    own = gpu.work_pool.job_variables["env"]["CUDA_VISIBLE_DEVICES"]
    assert own == "{{ $PHASE_G_GPU }}"


def test_an_unknown_deployment_is_refused_with_those_there_are():
    with pytest.raises(BadInputError, match=r"phase-g/locale. Name one of: phase-g/local, "):
        declared_deployments(["phase-g/locale"])


def test_a_deployment_without_its_flow_is_refused():
    (local,) = declared_deployments(["phase-g/local"])
    gone = local.model_copy(update={"entrypoint": "flows/gone.py:gone"})
    with pytest.raises(BadInputError, match=r"needs flows/gone.py, .* Update the checkout"):
        gone.flow()


def test_a_misspelled_declaration_is_an_error():
    entry = yaml.safe_load((PROJECT / "deployments/prefect.yaml").read_text())["deployments"][0]
    with pytest.raises(ValueError, match="concurency_limit"):
        Deployment.model_validate(entry | {"concurency_limit": 3})


def test_the_pull_step_of_the_declaration_enters_this_project():
    assert declared_pull_steps() == [{"deployments.steps.enter_project": {}}]
    assert enter_project() == {"directory": str(PROJECT)}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"minimum": 0, "exclusiveMaximum": 2**31}, "at least 0, below 2,147,483,648"),
        ({"exclusiveMinimum": 0.5}, "above 0.5"),
        ({"anyOf": [{"minimum": 1, "type": "integer"}, {"type": "null"}]}, "at least 1"),
        ({"type": "array", "items": {"maximum": 3.0}}, "at most 3"),
        ({"type": "string"}, ""),
    ],
)
def test_bounds_are_said_in_words(field, text):
    assert range_text(field) == text


def test_descriptions_end_in_the_bounds_and_nothing_else_changes():
    field = {"title": "Modes", "minimum": 1, "description": "Modes", "default": 2}
    schema = {"properties": {"n": field}, "required": ["n"]}
    described = with_ranges(schema)
    assert described["properties"]["n"] == field | {"description": "Modes (at least 1)"}
    assert described["required"] == ["n"]
    assert schema["properties"]["n"]["description"] == "Modes"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("position_error_px", "Position error [px]"),
        ("background_photons_per_px", "Background [photons/px]"),
        ("phase_range_rad", "Phase range [rad]"),
        ("seeds", "Seeds"),
        ("n_modes", "N modes"),
    ],
)
def test_titles_have_their_unit(name, title):
    assert title_of(name) == title


def test_every_bounded_field_of_the_form_says_its_range():
    schema = form_schema(phase_g)
    fields = [
        (f"{model}.{name}", field)
        for model, content in schema["definitions"].items()
        for name, field in content.get("properties", {}).items()
    ]
    bounded = [(name, field) for name, field in fields if range_text(field)]
    assert len(bounded) > 15
    for name, field in bounded:
        assert field["description"].endswith(f"({range_text(field)})"), name


def test_every_field_of_the_form_has_a_name_for_people():
    schema = form_schema(phase_g)
    fields = schema["definitions"]["PhaseGParams"]["properties"]
    assert fields["architecture"]["title"] == "Architecture"
    for content in schema["definitions"].values():
        for name, field in content.get("properties", {}).items():
            assert field["title"][0].isupper() or field["title"] == "pty-chi", name
            assert "_" not in field["title"]


def test_the_form_is_filled_in_with_values_that_run():
    default = form_schema(phase_g)["properties"]["params"]["default"]
    assert PhaseGParams.model_validate(default) == PhaseGParams()


def test_automations_tell_by_the_block_that_is_named_and_else_by_the_log_alone():
    block = uuid4()
    quiet = {one.name: as_compared(one) for one in automations(["phase-g"], None)}
    loud = {one.name: as_compared(one) for one in automations(["phase-g"], block)}
    assert quiet.keys() == loud.keys()
    assert [action["type"] for action in quiet[NIGHT]["actions"]] == ["do-nothing"]
    (action,) = loud[NIGHT]["actions"]
    assert (action["type"], action["block_document_id"]) == ("send-notification", block)
    assert differing(quiet[NIGHT], loud[NIGHT]) == ["actions"]


def test_an_automation_is_the_same_whatever_the_order_of_its_events():
    for one in automations(["phase-g"], None):
        content = one.model_dump(mode="json")
        for order in (sorted, lambda events: sorted(events, reverse=True)):
            content["trigger"]["expect"] = order(content["trigger"]["expect"])
            found = AutomationCore.model_validate(content)
            assert differing(as_compared(one), as_compared(found)) == []


def test_what_was_asked_for_goes_before_the_deployments_own_values():
    own = {"profile": "study", "instrument": {"n_modes": 2, "mode_decay": 0.5}}
    asked = {"seed": 7, "instrument": {"n_modes": 3}}
    assert merged(own, asked) == {
        "profile": "study",
        "seed": 7,
        "instrument": {"n_modes": 3, "mode_decay": 0.5},
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Name a deployment first"),
        (["--profile", "smoke"], "Name a deployment first"),
        (["phase-g/locale"], "There is no deployment phase-g/locale"),
        (["phase-g/local", "--dose", "0"], "--dose '0': Input should be greater than 0"),
        (["phase-g/local", "--colour", "red"], "--colour"),
        (["phase-g/local"], "No Prefect server is named. Start one"),
    ],
)
def test_a_trigger_that_cannot_be_is_refused(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    assert trigger_command.main(words) == 2
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["phase-g/measured", "--help"]])
def test_help_is_given_with_and_without_a_name(words, capsys):
    assert trigger_command.main(words) == 0
    shown = capsys.readouterr().out
    assert "python -m deployments.run" in shown
    assert "--dose" in shown


def test_a_server_listens_on_loopback_and_takes_the_credentials_of_the_environment(tmp_path):
    outer = {"PREFECT_SERVER_API_AUTH_STRING": "a:b", "PREFECT_SERVER_API_HOST": "0.0.0.0"}  # noqa: S104
    found = environment_of(outer, 4321, tmp_path)
    assert found["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert found["PREFECT_API_URL"] == "http://127.0.0.1:4321/api"
    assert found["PREFECT_API_AUTH_STRING"] == "a:b"
    assert "*" not in found["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"]
    assert found["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert found["PREFECT_HOME"] == str(tmp_path / "prefect")
    kept = environment_of({"PREFECT_HOME": "/mine"}, 4321, tmp_path)
    assert kept["PREFECT_HOME"] == "/mine"


def test_a_service_is_known_by_its_id_and_ended_by_it(service):
    assert service.process_id() is None
    process = service.start(SLEEPER, os.environ)
    assert service.process_id() == process.pid
    with pytest.raises(BadInputError, match=r"runs already\. End it with `make stop`"):
        service.start(SLEEPER, os.environ)
    wait_until_up(service)
    assert service.stop() == f"The sleeper (process {process.pid}) has ended."
    assert process.wait() == -signal.SIGTERM
    assert service.process_id() is None
    assert service.stop() == "The sleeper does not run."


def test_a_service_that_does_not_listen_is_killed(service):
    process = service.start(DEAF, os.environ)
    wait_until_up(service)
    assert "was killed" in service.stop(patience_s=0.2)
    assert process.wait() == -signal.SIGKILL
    assert service.process_id() is None


def test_the_id_of_a_service_that_has_died_is_not_taken_for_another_process(service, tmp_path):
    process = service.start(SLEEPER, os.environ)
    process.kill()
    process.wait()
    (tmp_path / "sleeper.pid").write_text(str(os.getpid()))
    assert service.process_id() is None
    assert service.stop() == "The sleeper does not run."
