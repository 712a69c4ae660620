"""A whole sweep of the profile smoke: nothing twice, numbers of single runs, failure, resume."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.files.atomic_files import read_json
from tasks.report.records.attempts import Blocker
from tasks.report.records.map_files import ConditionMap
from tasks.report.verification.verification import verify_hub

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

PROJECT = Path(__file__).resolve().parents[2]
CONDITIONS = [f"dose_{dose}/{view}" for dose in (1000, 10000) for view in ("dense", "sparse")]
BLOCKED = "dose_1000/sparse"
TABLE = "comparison_metrics.csv"


def runs_of_stages(hub):
    """Return how often each stage ran, by the logs that its child processes wrote."""
    return {
        path.stem: len(
            re.findall(rf"^# \S+ {re.escape(path.stem)}$", path.read_text(), re.MULTILINE)
        )
        for path in (hub / "cli").glob("*.log")
        if path.name != "run_phase_g_dense.log"
    }


@pytest.fixture
def hub(swept, tmp_path):
    """A finished sweep to go on from or to damage."""
    return shutil.copytree(swept.hub, tmp_path / "hub")


def test_no_stage_is_computed_twice(swept):
    hub = swept.hub
    planned = {entry["stage"] for entry in read_json(hub / "plan/plan.json")["stages"]}
    runs = runs_of_stages(hub)
    assert runs == dict.fromkeys(planned, 1)
    assert sum(name.startswith("simulate") for name in runs) == 2, "the views share a scan"


def test_a_condition_has_the_numbers_of_a_run_of_it_alone(swept, smoke_run):
    table = f"analysis/dose_10000/dense/test/{TABLE}"
    assert (swept.hub / table).read_bytes() == (smoke_run.hub / table).read_bytes()


def test_the_sweep_ends_with_a_table_and_a_map_of_all_conditions(swept):
    hub = swept.hub
    content = read_json(hub / "analysis/condition_map.json")
    ConditionMap.model_validate(content)
    assert content["gaps"] == []
    for one in content["maps"]:
        assert len(one["cells"]) == 4
        assert all(cell["delta"] is not None for cell in one["cells"])
    assert all(entry["ptychopinn_cpu_s"] > 0 for entry in content["costs"])
    rows = [line for line in swept.stdout.splitlines() if re.match(r"10+ +(dense|sparse) ", line)]
    assert len(rows) == 4 * 2
    assert (hub / "analysis/condition_map.png").stat().st_size > 20_000
    assert "dose_1000/sparse train-baseline: done" in swept.stderr
    assert verify_hub(hub)["all_valid"]


def test_a_finished_sweep_does_nothing_again(hub, sweep, stages_started):
    again = sweep(hub)
    assert again.returncode == 0, again.stderr
    assert set(runs_of_stages(hub).values()) == {1}
    assert stages_started(again.stderr) == []


def test_other_doses_are_refused_and_clobber_keeps_what_is_shared(hub, sweep):
    refused = sweep(hub, "--views", "dense")
    assert refused.returncode == 2
    assert "views" in refused.stderr
    kept = sweep(hub, "--views", "dense", "--clobber", "--collect-only")
    to_do = [line.split()[1] for line in kept.stdout.splitlines() if line.endswith("(to do)")]
    assert to_do == ["summarise-costs", "summarise"]


def test_a_failed_condition_stops_no_other_and_the_sweep_goes_on_from_there(hub, sweep):
    # Where a folder lies, no table can be written. Two conditions are to be compared again.
    for condition in (BLOCKED, "dose_10000/dense"):
        (hub / f"analysis/{condition}/test/{TABLE}").unlink()
    (hub / f"analysis/{BLOCKED}/test/{TABLE}/in-the-way").mkdir(parents=True)
    failed = sweep(hub)
    assert failed.returncode == 1
    assert f"1 of 4 conditions failed ({BLOCKED})" in failed.stderr.replace("\n", " ")
    blocker = read_json(hub / "analysis/blocker.json")
    Blocker.model_validate(blocker)
    assert blocker["stage"] == "compare.dose_1000.sparse.test"
    assert blocker["conditions"]["failed"] == [BLOCKED]
    assert sorted(blocker["conditions"]["finished"]) == sorted(set(CONDITIONS) - {BLOCKED})
    attempt = (hub / "summary/attempts.jsonl").read_text().splitlines()[-1]
    assert '"result":"failed"' in attempt
    # The others are compared and shown; of the failed one nothing is said.
    content = read_json(hub / "analysis/condition_map.json")
    places = {(c["dose"], c["view"]) for one in content["maps"] for c in one["cells"]}
    assert places == {(1000, "dense"), (10000, "dense"), (10000, "sparse")}
    assert "Deltas of every condition" in failed.stdout

    shutil.rmtree(hub / f"analysis/{BLOCKED}/test/{TABLE}")
    before = runs_of_stages(hub)
    resumed = sweep(hub)
    assert resumed.returncode == 0, resumed.stderr
    after = runs_of_stages(hub)
    again = {name for name in after if after[name] > before.get(name, 0)}
    assert again == {"compare.dose_1000.sparse.test", "summarise", "summarise-costs"}
    assert not (hub / "analysis/blocker.json").exists()
    assert verify_hub(hub)["all_valid"]


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    local = {"host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=1, **local) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def dask_address(tmp_path):
    """A cluster of two worker processes on this machine, ended by closing its input."""
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PHASE_G_CORES": "1"},
    )
    with process:
        yield process.stdout.readline().strip()


def test_workers_of_a_dask_cluster_make_a_shared_scan_once(hub, sweep, dask_address):
    # Both views of a dose need its scan, and two workers begin with them at the same time.
    before = (hub / f"analysis/{BLOCKED}/test/{TABLE}").read_bytes()
    (hub / "data/phase_c/dose_1000/truth.h5").unlink()
    (hub / f"analysis/{BLOCKED}/test/{TABLE}").unlink()
    done = sweep(hub, "--runner", "dask", "--dask-address", dask_address)
    assert done.returncode == 0, done.stderr
    runs = runs_of_stages(hub)
    assert runs["simulate.dose_1000"] == 2, "once before, and once by the workers"
    assert runs["compare.dose_1000.sparse.test"] == 2
    assert {name for name, number in runs.items() if number > 1} <= {
        "simulate.dose_1000",
        "compare.dose_1000.sparse.test",
        "summarise",
        "summarise-costs",
    }
    assert (hub / f"analysis/{BLOCKED}/test/{TABLE}").read_bytes() == before
    assert verify_hub(hub)["all_valid"]


def test_a_dask_address_that_does_not_answer_is_said_at_once(sweep, tmp_path):
    refused = sweep(tmp_path / "hub", "--runner", "dask", "--dask-address", "tcp://127.0.0.1:9")
    assert refused.returncode == 2
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in refused.stderr
    assert not (tmp_path / "hub").exists()
