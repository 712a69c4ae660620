"""A whole run with replicates, refined arms and odd and even halves: every option at once."""

import csv

import numpy as np
import pytest

from tasks.catalogue.metric import RAW
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import read_json
from tasks.core.files.object_file import read_object

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

FOLDERS = ("analysis/dose_10000/dense/test", "analysis/dose_10000/replicate_2/dense/test")
REFINED = ("PtychoPINN-refined", "Baseline-refined")


@pytest.fixture(scope="module")
def full_run(phase_g, tmp_path_factory):
    options = ["--splits", "test", "--seeds", "2", "--refine", "3", "--truth-free"]
    run = phase_g(tmp_path_factory.mktemp("full") / "hub", *options)
    assert run.returncode == 0, run.stderr
    return run


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def table(hub, folder):
    found = rows(hub / folder / "comparison_metrics.csv")
    return {(row["model"], row["metric"]): row for row in found}


def test_replicates_share_the_sample_and_nothing_else(full_run):
    truths = [
        full_run.hub / f"data/phase_c/dose_10000/{part}truth.h5" for part in ("", "replicate_2/")
    ]
    scans = [path.with_name("test.cxi") for path in truths]
    first, second = (read_object(path).object_ for path in truths)
    np.testing.assert_array_equal(first, second)
    assert scans[0].read_bytes() != scans[1].read_bytes()
    first, second = (table(full_run.hub, folder) for folder in FOLDERS)
    for arm in ("PtychoPINN", "Baseline", "PtyChi"):
        assert first[arm, "mae"]["phase"] != second[arm, "mae"]["phase"]


def test_two_replicates_give_an_interval_over_seeds(full_run):
    delta = read_json(full_run.hub / "analysis/metrics_delta_summary.json")
    assert delta["n_replicates"] == 2
    for rival in ("Baseline", "PtyChi"):
        differences = []
        for folder in FOLDERS:
            found = table(full_run.hub, folder)
            own, other = (float(found[m, "mae"]["phase"]) for m in ("PtychoPINN", rival))
            differences.append(own - other)
        entry = delta["intervals"][f"vs_{rival}"]["mae"]["phase"]
        half_width = 12.706 * abs(differences[0] - differences[1]) / 2
        assert entry["kind"] == "seeds"
        assert entry["half_width"] == pytest.approx(half_width, rel=1e-3)
        assert (entry["low"] + entry["high"]) / 2 == pytest.approx(sum(differences) / 2)
        assert entry["verdict"] in ("better", "worse", "inconclusive")


def test_refined_arms_go_on_from_the_networks(full_run):
    for folder in FOLDERS:
        curve = rows(full_run.hub / folder / "convergence.csv")
        errors = {(row["model"], int(row["epoch"])): float(row["complex_nrmse"]) for row in curve}
        found = table(full_run.hub, folder)
        for refined in REFINED:
            start = float(found[refined.removesuffix("-refined"), "complex_nrmse"]["value"])
            end = float(found[refined, "complex_nrmse"]["value"])
            assert errors[refined, 0] == pytest.approx(start, rel=0.02)
            assert errors[refined, 3] == pytest.approx(end, rel=1e-6)
        assert errors["PtyChi", 0] > errors["PtyChi", 8]


def test_arms_are_judged_without_the_truth(full_run):
    found = table(full_run.hub, FOLDERS[0])
    for arm in ("PtychoPINN", "Baseline", "PtyChi"):
        deviance = float(found[arm, "heldout_deviance_per_px"]["value"])
        assert 0.3 < deviance < 3
        assert 0 < float(found[arm, "heldout_r_factor"]["value"]) < 1
        assert 0 < float(found[arm, "halves_frc_area"]["value"]) < 1


def test_every_reconstruction_has_a_price(full_run):
    costs = rows(full_run.hub / "analysis/arm_costs.csv")
    models = {"PtychoPINN", "Baseline", "PtyChi", *REFINED, "NoNetwork", "NoNetwork5x"}
    assert {(row["model"], row["replicate"]) for row in costs} == {
        (model, number) for model in models for number in "12"
    }
    assert all(float(row["cpu_s"]) > 0 for row in costs)
    trained = {row["model"] for row in costs if float(row["training_cpu_s"]) > 0}
    assert trained == {"PtychoPINN", "Baseline", *REFINED}


def test_the_oracle_and_the_blurred_truth_stand_in_every_table(full_run):
    for folder in FOLDERS:
        found = table(full_run.hub, folder)
        assert float(found["Oracle", "mae"]["amplitude"]) < 1e-3
        assert float(found["Oracle", "ms_ssim"]["phase"]) > 0.999
        assert 0.8 < float(found["Blurred", "ms_ssim"]["amplitude"]) < 0.99
        assert float(found["Flat", "ms_ssim"]["amplitude"]) < 0.2


def test_every_name_in_a_table_is_in_a_catalogue(full_run):
    tables = list(full_run.hub.glob("analysis/**/comparison_metrics.csv"))
    assert len(tables) == 2
    for path in tables:
        for row in rows(path):
            assert row["model"] in RECONSTRUCTIONS.entries
            assert row["metric"].removeprefix(RAW) in METRICS.entries
    made = {entry.name for entry in RECONSTRUCTIONS.with_stages}
    assert {row["model"] for row in rows(full_run.hub / "analysis/arm_costs.csv")} <= made


def test_a_hub_grows_by_replicates_without_making_the_first_again(full_run, phase_g):
    hub = full_run.hub
    before = {path: path.stat().st_mtime_ns for path in (hub / "data").rglob("*.h5")}
    options = ["--splits", "test", "--seeds", "3", "--refine", "3", "--truth-free"]
    refused = phase_g(hub, *options)
    assert refused.returncode == 2
    assert "seeds: 2 -> 3" in refused.stderr.replace("\n", " ")
    grown = phase_g(hub, *options, "--clobber", "--collect-only")
    assert grown.returncode == 0
    to_do = [line for line in grown.stdout.splitlines() if line.endswith("(to do)")]
    assert to_do
    assert all("replicate_3" in line or "summarise" in line for line in to_do)
    assert before == {path: path.stat().st_mtime_ns for path in (hub / "data").rglob("*.h5")}
