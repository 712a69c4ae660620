"""A sweep whose conditions are runs of a deployment, by a worker of its pool."""

import subprocess
import sys

import pytest

from deployments.steps import PROJECT
from tasks.core.files.atomic_files import read_json
from tasks.report.verification.verification import verify_hub

pytestmark = pytest.mark.e2e
OPTIONS = ["--doses", "1e4", "--profile", "smoke", "--splits", "test", "--runner", "deployment"]


def sweep(site, hub, deployment):
    """Run a sweep at the command line of the machine whose worker has its conditions."""
    words = ["--hub", hub, *OPTIONS, "--deployment", deployment]
    return subprocess.run(
        [sys.executable, "-m", "flows.dose_overlap_study", *words],
        env=site.environment | {"PREFECT_API_URL": f"http://127.0.0.1:{site.port}/api"},
        capture_output=True,
        text=True,
        cwd=PROJECT,
        timeout=1200,
        check=False,
    )


@pytest.mark.parametrize(
    ("deployment", "message"),
    [
        ("phase-g/elsewhere", "has no deployment 'phase-g/elsewhere'"),
        ("phase-g/gpu", "has no worker online: nobody would run the conditions"),
    ],
)
def test_a_deployment_that_nobody_would_run_is_refused_at_once(site, deployment, message):
    refused = sweep(site, "refused", deployment)
    assert refused.returncode == 2, refused.stderr
    assert message in refused.stderr
    assert not (site.hubs / "refused").exists()


def test_each_condition_is_a_run_of_the_deployment(site):
    done = sweep(site, "swept", "phase-g/local")
    assert done.returncode == 0, done.stderr
    hub = site.hubs / "swept"
    assert verify_hub(hub)["all_valid"]
    content = read_json(hub / "analysis/condition_map.json")
    assert {c["view"] for one in content["maps"] for c in one["cells"]} == {"dense", "sparse"}
    found = site.api.post("/flow_runs/filter", {"flows": {"name": {"any_": ["phase-g"]}}})
    runs = {run["name"]: run for run in found if run["name"].startswith("dose_10000-")}
    assert set(runs) == {"dose_10000-dense", "dose_10000-sparse"}
    assert {run["state_type"] for run in runs.values()} == {"COMPLETED"}
    # The second condition takes the scan that the first has made.
    log = (hub / "cli/simulate.dose_10000.log").read_text()
    assert log.count("ended well") == 1
