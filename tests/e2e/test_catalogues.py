"""An arm and a metric are one file and one line, in a checkout and in an installed package."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tasks.report.statistics.t_intervals import holm

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROJECT = Path(__file__).resolve().parents[2]
TOYS = Path(__file__).parent / "toys"
ARM, METRIC, LABEL = "BlurredTruth", "complex_correlation", "Complex correlation"
FIXED = ("--profile", "smoke", "--splits", "test", "--seed", "42")


@pytest.fixture(scope="module")
def run(with_server):
    """The way to run a module of the project with `path` first on Python's; what it says."""

    def run_module(module, *arguments, path, expect=0):
        first = {"PYTHONPATH": os.pathsep.join(map(str, [path, PROJECT]))}
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            capture_output=True,
            text=True,
            cwd=path,
            env=os.environ | with_server | first,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run_module


def rows_of(table):
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def add_line(path, before, line):
    """Put a line into a file, before another one."""
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, f"{line}\n{before}"))


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """Return a copy of the project with an arm and a metric more, a file and a line each."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("flows", "tasks", "deployments"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = folder / "tasks/catalogue"
    shutil.copy(TOYS / "blurred_truth.py", catalogue / "reconstructions")
    add_line(catalogue / "reconstructions/__init__.py", '    "adapted",', '    "blurred_truth",')
    shutil.copy(TOYS / "complex_correlation.py", catalogue / "metrics")
    add_line(catalogue / "metrics/__init__.py", '    "frc",', '    "complex_correlation",')
    return folder


@pytest.fixture(scope="module")
def hub(run, extended):
    run("flows.phase_g", "--hub", "hub", *FIXED, path=extended)
    return extended / "hub"


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    """Return the folder of an installed package whose entry point names an arm."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(TOYS / "blurred_truth.py", folder / "toy_arm.py")
    info = folder / "toy_arm-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-arm\nVersion: 1.0\n")
    point = f"{ARM} = toy_arm:RECONSTRUCTION"
    (info / "entry_points.txt").write_text(f"[phase_g.reconstructions]\n{point}\n")
    return folder


def check_arm(hub):
    """Check that an arm is wherever the others are."""
    (table,) = hub.glob("analysis/dose_*/*/test/comparison_metrics.csv")
    values = {row["metric"]: row["amplitude"] for row in rows_of(table) if row["model"] == ARM}
    assert 0 < float(values["mae"]) < 1
    delta = orjson.loads((hub / "analysis/metrics_delta_summary.json").read_bytes())
    assert set(delta["deltas"]) == {"vs_Baseline", "vs_PtyChi", f"vs_{ARM}"}
    assert delta["deltas"][f"vs_{ARM}"]["mae"]["phase"] is not None
    assert ARM in {entry["against"] for entry in delta["comparisons"]}
    assert ARM in {row["model"] for row in rows_of(hub / "analysis/arm_costs.csv")}
    texts = ("metrics_digest.md", "report.html", "aggregate_report.md", "metrics_summary.md")
    for text in (*texts, "arm_costs.md", "ssim_grid_summary.md"):
        assert ARM in (hub / "analysis" / text).read_text(), text
    highlights = (hub / "analysis/metrics_delta_highlights.txt").read_text()
    assert len(highlights.splitlines()) == 4
    assert ARM not in highlights
    report = orjson.loads((hub / "analysis/verification_report.json").read_bytes())
    assert report["all_valid"]


def test_an_arm_in_the_folder_is_wherever_the_others_are(run, hub, extended):
    check_arm(hub)
    assert ARM in run("tasks.report", "history", str(hub), path=extended)


def test_its_deltas_and_those_of_a_new_metric_move_no_p_value_of_the_headline(hub):
    delta = orjson.loads((hub / "analysis/metrics_delta_summary.json").read_bytes())
    headline = [entry for entry in delta["comparisons"] if entry["family"] == "headline"]
    assert {entry["against"] for entry in headline} == {"Baseline", "PtyChi"}
    assert len(headline) == 8
    assert [e["p_holm"] for e in headline] == holm([e["p_value"] for e in headline])


def test_a_metric_in_the_folder_is_wherever_the_others_are(run, hub, extended):
    (table,) = hub.glob("analysis/dose_*/*/test/comparison_metrics.csv")
    values = {row["model"]: row["value"] for row in rows_of(table) if row["metric"] == METRIC}
    assert values.keys() == {row["model"] for row in rows_of(table)}
    assert float(values["Flat"]) < float(values["PtyChi"]) < float(values["Oracle"]) <= 1
    delta = orjson.loads((hub / "analysis/metrics_delta_summary.json").read_bytes())
    told = [entry for entry in delta["comparisons"] if entry["metric"] == METRIC]
    assert {"Baseline", "PtyChi", ARM} == {entry["against"] for entry in told}
    assert {entry["direction"] for entry in told} == {"higher is better"}
    for text in ("metrics_digest.md", "report.html"):
        assert LABEL in (hub / "analysis" / text).read_text(), text
    assert LABEL in run("tasks.report", "diff", str(hub), str(hub), path=extended)


def test_an_arm_of_an_installed_package_is_wherever_the_others_are(run, hub, packaged):
    """It is made anew, and the comparison, in a hub that has all the others."""
    shutil.copytree(hub, packaged / "hub")
    said = run("flows.phase_g", "--hub", "hub", *FIXED, path=packaged)
    assert "blur-truth test: started" in said
    check_arm(packaged / "hub")
    (packaged / "toy_arm.py").unlink()
    said = run("flows.phase_g", "--hub", "other", *FIXED, "--collect-only", path=packaged)
    assert "blur-truth" not in said
    said = run("flows.phase_g", "--hub", "hub", *FIXED, path=packaged, expect=2)
    assert f"made with {ARM}" in " ".join(said.split())
    assert "Mend or remove that package" in " ".join(said.split())
