"""A run of the solver alone, from the command line to its verification."""

import csv

import pytest

from tasks.core.files.atomic_files import read_json
from tasks.core.study import hub_layout

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WORDS = ("--profile", "smoke", "--splits", "test", "--arms", "PtyChi")


@pytest.fixture(scope="module")
def hub(run_flow, with_server, tmp_path_factory):
    """Return the hub of a finished run, and keep nothing of a network's framework."""
    hub = tmp_path_factory.mktemp("arms") / "hub"
    done = run_flow("phase_g", hub, *WORDS, **with_server)
    assert done.returncode == 0, done.stderr
    assert "No headline" in done.stdout
    return hub


def test_nothing_is_trained(hub):
    stages = [stage["stage"] for stage in read_json(hub / hub_layout.PLAN)["stages"]]
    assert "iterate-ptychi.dose_1000.dense.test" in stages
    assert not [stage for stage in stages if "train" in stage or "predict" in stage]
    assert not (hub / "data/phase_e").exists()


def test_the_evidence_holds(hub):
    assert read_json(hub / hub_layout.VERIFICATION_REPORT)["all_valid"]


def test_the_headline_is_null_and_says_why(hub):
    delta = read_json(hub / hub_layout.DELTA_SUMMARY)
    null = {"amplitude": None, "phase": None}
    for other in ("vs_Baseline", "vs_PtyChi"):
        assert delta["deltas"][other] == {"ms_ssim": null, "mae": null}
    assert "PtychoPINN is not among the arms" in delta["headline_reason"]
    assert delta["subject"] == "PtyChi"
    (line,) = (hub / hub_layout.HIGHLIGHTS).read_text(encoding="utf-8").splitlines()
    assert line == f"{delta['headline_reason']}."


def test_the_table_has_the_solver_and_the_controls(hub):
    (table,) = hub.glob("analysis/dose_*/*/test/comparison_metrics.csv")
    with table.open(newline="") as file:
        models = {row["model"] for row in csv.DictReader(file)}
    assert models == {"PtyChi", "Oracle", "Blurred", "Flat"}
    comparison = read_json(table.parent / "comparison.json")
    assert comparison["missing_arms"] == []
