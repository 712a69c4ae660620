"""Files for laboratories and clusters, which no test here can start: their content is checked."""

import json
import re
from pathlib import Path

import prefect
import pytest
import yaml
from prefect.utilities.templating import apply_values

from deployments.declared import declared_pools
from tasks.runtime.process_lifetime import PROJECT

FOLDER = PROJECT / "deployments"
WORKER_KINDS = (
    Path(prefect.__file__).parent
    / "server/api/collections_data/views/aggregate-worker-metadata.json"
)


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def template():
    return json.loads((FOLDER / "kubernetes_job_template.json").read_text())


def texts(content):
    """Yield every text of a tree of JSON or YAML."""
    if isinstance(content, dict):
        for value in content.values():
            yield from texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts(value)
    elif isinstance(content, str):
        yield content


def test_every_service_runs_a_command_that_exists_and_waits_for_one_that_exists(compose):
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name
        for other, wait in service.get("depends_on", {}).items():
            healthy = wait["condition"] == "service_healthy"
            assert healthy == ("healthcheck" in services[other]), f"{name} waits for {other}"
    pools = {pool.name for pool in declared_pools(gpus=1)}
    for service in (services["worker"], services["worker-gpu"]):
        command = service["command"]
        assert command[:3] == ["prefect", "worker", "start"]
        assert command[command.index("--pool") + 1] in pools
    assert services["deploy"]["command"][:3] == ["python", "-m", "deployments.deploy"]


def test_no_secret_stands_in_the_compose_file_and_none_may_be_left_out(compose):
    named = {text for text in texts(compose) if "PHASE_G_AUTH" in text or "PASSWORD" in text}
    assert named
    for text in named:
        assert re.search(r"\$\{PHASE_G_(AUTH|DATABASE_PASSWORD)(:\?[^}]+)?\}", text)
    required = [text for text in named if ":?" in text]
    assert {text.split(":?")[0] for text in required} == {
        "${PHASE_G_AUTH",
        "${PHASE_G_DATABASE_PASSWORD",
    }


def test_the_server_is_closed_to_all_but_loopback_and_credentials(compose):
    server = compose["services"]["server"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    environment = server["environment"]
    assert environment["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert environment["PREFECT_SERVER_API_AUTH_STRING"].startswith("${PHASE_G_AUTH:?")
    assert "*" not in environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"]
    assert "filesystem" in environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]
    others = [name for name in compose["services"] if name != "server"]
    assert not any("ports" in compose["services"][name] for name in others)


def test_clients_and_workers_have_credentials_heartbeats_and_the_hubs(compose):
    for name in ("deploy", "worker", "worker-gpu"):
        environment = compose["services"][name]["environment"]
        assert environment["PREFECT_API_URL"] == "http://server:4200/api"
        assert environment["PREFECT_API_AUTH_STRING"].startswith("${PHASE_G_AUTH:?")
    for name in ("worker", "worker-gpu"):
        service = compose["services"][name]
        root = service["environment"]["PHASE_G_HUB_ROOT"]
        assert any(volume.endswith(f":{root}") for volume in service["volumes"])


def test_the_image_has_what_it_copies():
    lines = (FOLDER / "Containerfile").read_text().splitlines()
    copied = [
        name
        for line in lines
        if line.startswith("COPY ")
        for name in line.split()[1:-1]
        if not name.startswith("--")
    ]
    taken = (FOLDER / "Containerfile.dockerignore").read_text().splitlines()
    for name in copied:
        assert (PROJECT / name).exists(), name
        assert f"!{name}" in taken, name
    assert any(line.startswith("USER ") and line != "USER root" for line in lines)


@pytest.mark.parametrize("gpus", [None, 2])
def test_a_job_made_from_the_template_has_hubs_credentials_and_gpus(template, gpus):
    properties = template["variables"]["properties"]
    values = {name: one["default"] for name, one in properties.items() if "default" in one}
    job = apply_values(template["job_configuration"], values | ({"gpus": gpus} if gpus else {}))
    pod = job["job_manifest"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert claims == {"hubs": "phase-g-hubs"}
    assert places["hubs"] == container["env"]["PHASE_G_HUB_ROOT"]
    assert container["envFrom"] == [{"secretRef": {"name": "phase-g-credentials"}}]
    assert container["resources"]["limits"].get("nvidia.com/gpu") == gpus
    assert pod["securityContext"]["runAsNonRoot"]


def test_the_template_configures_what_the_kubernetes_worker_reads():
    template = json.loads((FOLDER / "kubernetes_job_template.json").read_text())
    kinds = json.loads(WORKER_KINDS.read_text())["prefect-kubernetes"]
    own = kinds["kubernetes"]["default_base_job_configuration"]
    assert template["job_configuration"].keys() == own["job_configuration"].keys()
    assert own["variables"]["properties"].keys() <= template["variables"]["properties"].keys()
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    assert used == template["variables"]["properties"].keys()
