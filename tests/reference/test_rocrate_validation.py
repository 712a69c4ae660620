"""Our research object in the validator of RO-Crate's community.

roc-validator needs a `rich` that our own tools do not take, so it is no test dependency: pip puts
it into a temporary folder, and a child process validates the crate with it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import ATTEMPTS, PLAN, RESEARCH_OBJECT
from tasks.report.publish.write_reports import rebuild_reports, write_final_reports
from tasks.report.statistics.summary import ReportParams

VALIDATOR = ("roc-validator==0.13.0", "rocrate==0.16.0")
CHILD = Path(__file__).with_name("rocrate_child.py")
ATTEMPT = {
    "started_at": "2026-11-25T03:49:35Z",
    "ended_at": "2026-11-25T03:52:06Z",
    "result": "success",
    "parameters": {},
}

pytestmark = pytest.mark.slow


def put_crate(hub, put_plan):
    """Make a hub with a plan, an attempt and a comparison."""
    rows = [
        MetricRow(model, metric, 0.9, 0.8)
        for model in ("PtychoPINN", "Baseline", "PtyChi")
        for metric in ("ms_ssim", "mae")
    ]
    write_metrics_csv(hub / "analysis/dose_1000/dense/test/comparison_metrics.csv", rows)
    write_text(hub / "cli/odd name #1.log", "hello\n")
    plan = {
        "parameters": {"seed": 42, "splits": ["test"], "probe": {"kind": "disc"}},
        "versions": {"phase-g": "0.1.0", "numpy": "2.4.6", "python": "3.11.4"},
        "git": {"commit": "2f844953188aa7f6d3dbcfc27eea03fcdc0843e6", "dirty": False},
    }
    put_plan(hub, **plan)
    write_text(hub / ATTEMPTS, json.dumps(ATTEMPT) + "\n")
    rebuild_reports(hub, ReportParams())
    write_final_reports(hub)


def without(name, entity):
    """Return a function that takes a property away from an entity, or from all."""

    def change(hub):
        content = read_json(hub / RESEARCH_OBJECT)
        for one in content["@graph"]:
            if entity in ("all", one["@id"]):
                one.pop(name, None)
        write_json(hub / RESEARCH_OBJECT, content)

    return change


def name_publisher(hub):
    plan = {"publisher": "A beamline <https://ror.org/03f0f6041>"}
    write_json(hub / PLAN, read_json(hub / PLAN) | plan)
    write_final_reports(hub)


def lose_file(hub):
    (hub / "cli/odd name #1.log").unlink()


REQUIRED = ("license", "datePublished", "description")
# What is done to a crate, and how severe the faults are that are looked for.
CRATES = {
    "as it is": (lambda _hub: None, "REQUIRED"),
    "with a publisher": (name_publisher, "RECOMMENDED"),
    "without a publisher": (without("publisher", "all"), "RECOMMENDED"),
    "without a file": (lose_file, "REQUIRED"),
} | {f"without {name}": (without(name, "./"), "REQUIRED") for name in REQUIRED}


@pytest.fixture(scope="module")
def issues(installed, tmp_path_factory, put_plan):
    """What the validator, with all that it needs, finds in each of the crates, in one process."""
    packages, folder = installed(*VALIDATOR, dependencies=True), tmp_path_factory.mktemp("crates")
    put_crate(folder / "hub", put_plan)
    asked = []
    for number, (change, severity) in enumerate(CRATES.values()):
        change(shutil.copytree(folder / "hub", folder / f"{number}/hub"))
        asked.append(f"{severity}={folder / f'{number}/hub'}")
    done = subprocess.run(
        [sys.executable, str(CHILD), *asked],
        env=os.environ | {"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(CRATES, json.loads(done.stdout.splitlines()[-1]), strict=True))


def test_the_crate_meets_all_that_is_required_and_lacks_a_contact_alone(issues):
    """Where to reach whoever publishes a hub is not known when it is made."""
    assert issues["as it is"] == []
    left = issues["with a publisher"]
    assert [message for _, message in left if "contactPoint" not in message] == []


def test_the_validator_notices_a_root_without_its_publisher(issues):
    assert any("`publisher`" in message for _, message in issues["without a publisher"])


@pytest.mark.parametrize("name", REQUIRED)
def test_the_validator_notices_a_root_without_what_is_required(name, issues):
    assert any(name in message for _, message in issues[f"without {name}"])


def test_the_validator_notices_a_file_that_is_not_there(issues):
    assert issues["without a file"]
