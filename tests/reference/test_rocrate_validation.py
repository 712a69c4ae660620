"""Our research object in the validator of RO-Crate's community.

roc-validator needs a `rich` that our own tools do not take, so it is no test dependency: pip puts
it into a temporary folder, and a child process validates the crate with it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import ATTEMPTS, PLAN, RESEARCH_OBJECT
from tasks.report.publish.params import ReportParams
from tasks.report.publish.write_reports import rebuild_reports, write_final_reports

VALIDATOR = ("roc-validator==0.13.0", "rocrate==0.16.0")
CHILD = Path(__file__).with_name("rocrate_child.py")
ATTEMPT = {
    "started_at": "2026-11-25T03:49:35Z",
    "ended_at": "2026-11-25T03:52:06Z",
    "result": "success",
    "parameters": {},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def validator(installed):
    """Install the validator, with all that it needs."""
    return installed(*VALIDATOR, dependencies=True)


@pytest.fixture
def crate(tmp_path, put_plan):
    """A hub with a plan, an attempt and a comparison."""
    rows = [
        MetricRow(model, metric, 0.9, 0.8)
        for model in ("PtychoPINN", "Baseline", "PtyChi")
        for metric in ("ms_ssim", "mae")
    ]
    hub = tmp_path / "hub"
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
    return hub


def issues(validator, crate, severity):
    done = subprocess.run(
        [sys.executable, str(CHILD), str(crate), severity],
        env=os.environ | {"PYTHONPATH": str(validator)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(entry) for entry in json.loads(done.stdout.splitlines()[-1])]


def test_the_crate_meets_all_that_is_required_and_lacks_a_contact_alone(validator, crate):
    """Where to reach whoever publishes a hub is not known when it is made."""
    assert issues(validator, crate, "REQUIRED") == []
    plan = {"publisher": "A beamline <https://ror.org/03f0f6041>"}
    write_json(crate / PLAN, read_json(crate / PLAN) | plan)
    write_final_reports(crate)
    left = issues(validator, crate, "RECOMMENDED")
    assert [message for _, message in left if "contactPoint" not in message] == []


def test_the_validator_notices_a_root_without_its_publisher(validator, crate):
    content = read_json(crate / RESEARCH_OBJECT)
    for entity in content["@graph"]:
        entity.pop("publisher", None)
    write_json(crate / RESEARCH_OBJECT, content)
    left = issues(validator, crate, "RECOMMENDED")
    assert any("`publisher`" in message for _, message in left)


@pytest.mark.parametrize("name", ["license", "datePublished", "description"])
def test_the_validator_notices_a_root_without_what_is_required(name, validator, crate):
    content = read_json(crate / RESEARCH_OBJECT)
    for entity in content["@graph"]:
        if entity["@id"] == "./":
            del entity[name]
    write_json(crate / RESEARCH_OBJECT, content)
    assert any(name in message for _, message in issues(validator, crate, "REQUIRED"))


def test_the_validator_notices_a_file_that_is_not_there(validator, crate):
    (crate / "cli/odd name #1.log").unlink()
    assert issues(validator, crate, "REQUIRED")
