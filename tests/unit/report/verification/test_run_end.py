"""How a run ends: checked, recorded, and sealed last."""

import pytest
from prefect import flow

from flows.execution.run import open_hub
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import INVENTORY, VERIFICATION_REPORT
from tasks.report.records.inventory import read_inventory
from tasks.report.verification.verification import verify_hub
from tasks.runtime.errors import InvalidEvidenceError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server")]
ATTEMPTS = "summary/attempts.jsonl"


@flow
def finished_run(hub, **changes):
    """Open and close a hub whose stages are all done."""
    params = {"profile": "smoke", "splits": ("test",), "photons_per_pattern": 1e4}
    with open_hub(make_plan(PhaseGParams(hub=hub, **params, **changes))):
        pass


def test_a_run_ends_with_an_inventory_of_all_it_leaves_and_a_report(hub):
    finished_run(hub)
    assert len((hub / ATTEMPTS).read_text().splitlines()) == 2
    entry = read_inventory(hub)[ATTEMPTS]
    assert entry.size_bytes == (hub / ATTEMPTS).stat().st_size
    report = read_json(hub / VERIFICATION_REPORT)
    assert report["all_valid"]
    assert report == verify_hub(hub)
    assert (hub / VERIFICATION_REPORT).stat().st_mtime_ns >= (hub / INVENTORY).stat().st_mtime_ns


def test_a_finding_makes_the_run_fail_and_is_kept(hub):
    (hub / "analysis/metrics_delta_highlights.txt").write_text("all is well")
    with pytest.raises(InvalidEvidenceError, match=r"must have 4 lines.*--report-only"):
        finished_run(hub)
    report = read_json(hub / VERIFICATION_REPORT)
    assert not report["all_valid"]
    assert "must have 4 lines" in read_json(hub / "analysis/blocker.json")["message"]
    assert '"result":"failed"' in (hub / ATTEMPTS).read_text().splitlines()[-1]


def test_a_run_that_is_not_verified_keeps_no_report_of_an_earlier_one(hub):
    (hub / "analysis/metrics_delta_highlights.txt").write_text("all is well")
    finished_run(hub, skip_post_verify=True)
    assert not (hub / VERIFICATION_REPORT).exists()
    assert "analysis/metrics_delta_highlights.txt" in read_inventory(hub)
