import os
import shutil
import signal
import subprocess
import sys
import time

import httpx
import pytest

import flows.cli.local_server as local_server_module
from flows.cli.local_server import LocalServer
from tasks.runtime.process_lifetime import PROJECT

PARENT = """
import sys, time
import flows.cli.local_server as local_server_module
from flows.cli.local_server import LocalServer
server = LocalServer()
print(server.api_url, flush=True)
time.sleep(600)
"""

RUN = """
import httpx
from prefect.settings import get_current_settings
from flows.cli.local_server import local_server, the_local_server
the_local_server()
with local_server():
    url = get_current_settings().api.url
    print(url, httpx.get(f"{url}/health", timeout=10).text)
print(get_current_settings().api.url)
"""


def wait_until_nobody_answers(url, limit_s=15):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        try:
            httpx.get(f"{url}/health", timeout=1)
        except httpx.HTTPError:
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} still answers after {limit_s} s")


@pytest.fixture
def no_server_named(monkeypatch, tmp_path):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_ENABLED", "true")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))


@pytest.fixture
def data_base(no_server_named, prefect_home, tmp_path):
    shutil.copytree(prefect_home, tmp_path, dirs_exist_ok=True)


@pytest.mark.slow
@pytest.mark.usefixtures("data_base")
def test_a_temporary_server_that_was_started_early_serves_the_run_and_ends_with_it():
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    url, health, api_url_after = done.stdout.split()
    assert url.startswith("http://127.0.0.1:")
    assert (health, api_url_after) == ("true", "None")
    assert done.stderr == ""
    wait_until_nobody_answers(url, limit_s=1)


@pytest.mark.slow
@pytest.mark.usefixtures("data_base")
def test_a_temporary_server_does_not_outlive_a_run_that_was_killed():
    command = [sys.executable, "-c", PARENT]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    url = parent.stdout.readline().strip()
    assert httpx.get(f"{url}/health", timeout=10).is_success
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until_nobody_answers(url)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PREFECT_API_URL", "http://127.0.0.1:9/api"),
        ("PREFECT_SERVER_EPHEMERAL_ENABLED", "false"),
    ],
)
@pytest.mark.usefixtures("no_server_named")
def test_where_a_server_is_named_or_none_is_wanted_none_is_started(variable, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    server = LocalServer()
    assert server.api_url is None
    server.stop()


def test_an_environment_that_names_a_server_starts_no_process_to_find_out(monkeypatch):
    monkeypatch.setattr(local_server_module, "LocalServer", None)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    local_server_module.the_local_server.cache_clear()
    assert local_server_module.the_local_server() is None
    with local_server_module.local_server():
        pass
    local_server_module.the_local_server.cache_clear()


@pytest.mark.usefixtures("no_server_named")
def test_a_server_that_does_not_start_in_time_is_said_with_the_cure(monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "0.01")
    server = LocalServer()
    with pytest.raises(RuntimeError, match=r"did not start within 0\.01 s.*PREFECT_API_URL"):
        assert server.api_url
    server.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("data_base")
def test_a_run_that_is_refused_leaves_no_server(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "flows.phase_g", "--hub", str(tmp_path / "hub"), "--dose", "0"]
    # A server that is left would hold the standard error open, and this would not return.
    done = subprocess.run(
        command,
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "--dose" in done.stderr
    assert "Traceback" not in done.stderr
