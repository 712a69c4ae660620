"""A run of PtyChi beside ePIE, RAAR and DM, from the command line to its page."""

import csv
import math

import numpy as np
import pytest

from tasks.core.files.atomic_files import read_json
from tasks.core.files.object_file import read_object
from tasks.core.study import hub_layout

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ARMS = ("PtyChi", "ePIE", "RAAR", "DM")
WORDS = ("--profile", "smoke", "--splits", "test", "--view", "sparse", "--truth-free")


@pytest.fixture(scope="module")
def hub(run_flow, with_server, tmp_path_factory):
    """Return the hub of a finished run."""
    hub = tmp_path_factory.mktemp("classic") / "hub"
    done = run_flow("phase_g", hub, *WORDS, "--arms", *ARMS, **with_server)
    assert done.returncode == 0, done.stderr
    return hub


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_nothing_is_trained_and_the_evidence_holds(hub):
    stages = [stage["stage"] for stage in read_json(hub / hub_layout.PLAN)["stages"]]
    assert not [stage for stage in stages if "train" in stage or "predict" in stage]
    assert read_json(hub / hub_layout.VERIFICATION_REPORT)["all_valid"]


def test_every_arm_has_finite_scores_and_costs(hub):
    (table,) = hub.glob("analysis/dose_*/*/test/comparison_metrics.csv")
    found = {(row["model"], row["metric"]): row for row in rows_of(table)}
    for arm in ARMS:
        assert math.isfinite(float(found[arm, "complex_nrmse"]["value"]))
        assert math.isfinite(float(found[arm, "mae"]["amplitude"]))
        assert math.isfinite(float(found[arm, "mae"]["phase"]))
    costs = {row["model"] for row in rows_of(hub / hub_layout.COST_TABLE)}
    assert costs >= set(ARMS)


def test_every_arm_has_its_halves(hub):
    for arm in ARMS:
        for half in hub_layout.HALVES:
            (path,) = hub.glob(f"data/phase_f/**/test/{arm.lower()}_{half}.h5")
            assert np.isfinite(read_object(path).object_).all()


def test_every_arm_has_a_curve_and_is_subtracted_from_the_first(hub):
    (table,) = hub.glob("analysis/dose_*/*/test/convergence.csv")
    epochs = {
        arm: [int(row["epoch"]) for row in rows_of(table) if row["model"] == arm] for arm in ARMS
    }
    assert all(found[0] == 0 and found[-1] == 8 for found in epochs.values())
    delta = read_json(hub / hub_layout.DELTA_SUMMARY)
    assert delta["subject"] == "PtyChi"
    assert set(delta["of_subject"]["deltas"]) == {"vs_ePIE", "vs_RAAR", "vs_DM"}


def test_every_arm_is_on_the_page(hub):
    page = (hub / hub_layout.REPORT_PAGE).read_text(encoding="utf-8")
    assert all(arm in page for arm in ARMS)
