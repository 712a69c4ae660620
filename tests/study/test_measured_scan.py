"""A whole run on a simulated scan treated as measured: the test alone knows its truth."""

import csv

import numpy as np
import pytest

from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.alignment.region import scored_region
from tasks.core.files.atomic_files import read_json
from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.scan_file import read_scan_header
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

ARMS = ("PtychoPINN", "Baseline", "PtyChi")


@pytest.fixture(scope="module")
def measured_scan(tmp_path_factory):
    """Simulate what a beamline would hand over, and keep its truth apart."""
    folder = tmp_path_factory.mktemp("beamline")
    params = SimulationParams(
        photons_per_pattern=1e5,
        train_positions=(31, 17),
        test_positions=(2, 2),
        min_test_span_px=0,
        seed=9,
    )
    names = {"train": "scan.cxi", "test": "unused.cxi", "truth": "truth.h5"}
    simulate(params, StageFiles({}, {name: folder / file for name, file in names.items()}), silent)
    return folder


@pytest.fixture(scope="module")
def options(measured_scan):
    """Of the reference only as much as makes it better than the networks."""
    reference = {"n-modes": 1, "probe-epochs": 6, "object-epochs": 30}
    words = ["--scan", str(measured_scan / "scan.cxi"), "--splits", "test"]
    for name, value in reference.items():
        words += [f"--measured.reference.{name}", str(value)]
    return words


@pytest.fixture(scope="module")
def run(options, phase_g, tmp_path_factory):
    # Two threads of one reference take three times as long where other tests have the cores.
    hub = tmp_path_factory.mktemp("measured") / "hub"
    done = phase_g(hub, *options, PHASE_G_CORES="1")
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def place(run):
    """The folders of the only condition."""
    (folder,) = (run.hub / "data/phase_c").iterdir()
    return folder.name


@pytest.fixture(scope="module")
def table(run, place):
    path = run.hub / f"analysis/{place}/measured/test/comparison_metrics.csv"
    with path.open(newline="") as file:
        return {(row["model"], row["metric"]): row for row in csv.DictReader(file)}


def errors_against_truth(run, place, measured_scan):
    """Return the relative complex error of arms and reference in the scored region."""
    header = read_scan_header(run.hub / f"data/phase_c/{place}/test.cxi")
    whole = read_scan_header(run.hub / f"data/phase_c/{place}/whole.cxi")
    asked = read_scan_header(measured_scan / "scan.cxi")
    moved = np.round(np.mean(whole.positions_px - asked.positions_px, axis=0)).astype(int)
    truth = read_object(measured_scan / "truth.h5")
    truth = ObjectWindow(truth.object_, tuple(int(value) for value in moved + truth.origin_px))
    region = scored_region(header, 0.05, 4.0)
    wanted = truth.cut(region.box)
    paths = {arm: f"data/phase_f/{place}/measured/test/{arm.lower()}.h5" for arm in ARMS}
    paths["reference"] = f"data/phase_c/{place}/reference.h5"
    found = {}
    for name, path in paths.items():
        image = read_object(run.hub / path).cut(region.box)
        gauge = fit_gauge(image, wanted, region.weights, max_shift_px=2.0)
        aligned = remove_gauge(image, gauge, region.lit & np.isfinite(image))
        difference = (aligned - wanted)[region.mask]
        found[name] = float(np.linalg.norm(difference) / np.linalg.norm(wanted[region.mask]))
    return found


def test_the_reference_is_nearer_to_the_truth_than_the_networks(run, place, measured_scan, table):
    errors = errors_against_truth(run, place, measured_scan)
    assert errors["reference"] < 0.1
    for arm in ("PtychoPINN", "Baseline"):
        assert errors["reference"] < errors[arm]
        # What is told of a network without the truth is what the truth says, but for the
        # reference's own error.
        told = float(table[arm, "complex_nrmse"]["value"])
        assert abs(told - errors[arm]) < errors["reference"]


def test_held_out_patterns_rank_the_arms_as_the_truth_does(run, place, measured_scan, table):
    errors = errors_against_truth(run, place, measured_scan)
    deviance = {arm: float(table[arm, "heldout_deviance_per_px"]["value"]) for arm in ARMS}
    assert all(0 < value < 2 for value in deviance.values())
    networks = min(deviance["PtychoPINN"], deviance["Baseline"])
    is_better = errors["PtyChi"] < min(errors["PtychoPINN"], errors["Baseline"])
    assert (deviance["PtyChi"] < networks) == is_better


def test_ptychi_has_no_distance_from_itself(table):
    assert table["PtyChi", "mae"]["phase"] == ""
    assert table["PtyChi", "heldout_deviance_per_px"]["value"] != ""


def test_every_text_says_what_the_deltas_are_against(run):
    analysis = run.hub / "analysis"
    delta = read_json(analysis / "metrics_delta_summary.json")
    assert delta["measured_against"] == "reference"
    assert delta["deltas"]["vs_PtyChi"]["mae"]["phase"] is None
    assert delta["deltas"]["vs_Baseline"]["mae"]["phase"] is not None
    lines = (analysis / "metrics_delta_highlights.txt").read_text().splitlines()
    assert len(lines) == 4
    assert all(line.endswith("(against the reference)") for line in lines)
    texts = ("metrics_digest.md", "metrics_summary.md", "aggregate_report.md", "report.html")
    for path in (*(analysis / name for name in texts), run.hub / "summary/summary.md"):
        assert "against the reference" in path.read_text(), path
    assert "against the reference" in run.stdout
    summary = (run.hub / "summary/summary.md").read_text()
    assert "| scan | scan.cxi |" in summary
    assert "dead_leaves" not in summary


def test_the_regions_are_a_patch_apart_and_said_so(run, place):
    facts = read_json(run.hub / f"data/phase_c/{place}/regions.manifest.json")["facts"]
    # A patch is 64 px wide, and nearly all of the light falls in much less.
    assert 24 < facts["regions"]["guard_px"] < 64
    assert facts["regions"]["gap_px"] >= facts["regions"]["guard_px"]
    assert 0 < facts["light_outside_guard"] < 0.03
    parts = [
        read_scan_header(run.hub / f"data/phase_c/{place}/{name}.cxi") for name in ("train", "test")
    ]
    axis = "yx".index(facts["regions"]["axis"])
    gap = parts[1].positions_px[:, axis].min() - parts[0].positions_px[:, axis].max()
    assert gap > facts["regions"]["guard_px"] - 1
    assert len(parts[0]) + len(parts[1]) + facts["regions"]["n_between"] == 31 * 17


def test_the_headline_is_what_needs_no_truth(run, place, table):
    record = read_json(run.hub / f"analysis/{place}/measured/test/comparison.json")
    by_model = record["held_out"]["deviance_per_px"]
    assert set(by_model) == {*ARMS, "Flat"}
    assert all(len(blocks) == 9 for blocks in by_model.values())
    page = (run.hub / "analysis/report.html").read_text()
    answer = page[page.index('class="answer"') :]
    digest = (run.hub / "analysis/metrics_digest.md").read_text()
    for text in (answer, digest, run.stdout):
        deviance = text.index("Held-out deviance per pixel, lower is better")
        resolution = text.index("Resolution, half a period")
        second = text.index("Distances from the reference come second")
        assert deviance < resolution < second
    flat = float(table["Flat", "heldout_deviance_per_px"]["value"])
    lost = [a for a in ARMS if float(table[a, "heldout_deviance_per_px"]["value"]) >= flat]
    for arm in lost:
        assert f"{arm} does not beat the flat image" in answer[: answer.index("</strong>")]


def test_the_reference_tells_its_time_and_shows_itself(run, place):
    log = (run.hub / f"cli/reference.{place}.log").read_text()
    assert log.count("reference_so_far.png") == 1
    assert " left" in log
    picture = run.hub / f"data/phase_c/{place}/reference_so_far.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_same_command_does_nothing_again(run, options, phase_g, stages_started):
    before = (run.hub / "analysis/metrics_delta_summary.json").read_bytes()
    again = phase_g(run.hub, *options)
    assert again.returncode == 0, again.stderr
    assert stages_started(again.stderr) == []
    assert (run.hub / "analysis/metrics_delta_summary.json").read_bytes() == before
