"""A sweep whose conditions are runs of a deployment, by a worker of its pool."""

import shutil
import subprocess
import sys

import pytest

from deployments.steps import PROJECT
from tasks.core.files.atomic_files import read_json
from tasks.report.verification.verification import verify_hub

pytestmark = pytest.mark.e2e
OPTIONS = ["--doses", "1e3", "1e4", "--profile", "smoke", "--splits", "test"]
CONDITIONS = {f"dose_{dose}-{view}" for dose in (1000, 10000) for view in ("dense", "sparse")}


def sweep(site, hub, deployment):
    """Run a sweep at the command line of the machine whose worker has its conditions."""
    words = ["--hub", hub, *OPTIONS, "--runner", "deployment", "--deployment", deployment]
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


def test_each_condition_is_a_run_of_the_deployment(site, swept):
    """What the runs share, and one comparison, are made anew in a finished hub."""
    hub = shutil.copytree(swept.hub, site.hubs / "swept")
    table = hub / "analysis/dose_1000/sparse/test/comparison_metrics.csv"
    table.unlink()
    (hub / "data/phase_c/dose_1000/truth.h5").unlink()
    done = sweep(site, "swept", "phase-g/local")
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
