"""A run with a row of a file and a solver of one's own, from the command line to its reports."""

import csv
import sys

import numpy as np
import pytest
import yaml
from scipy.ndimage import gaussian_filter

from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json
from tasks.core.files.object_file import read_object
from tasks.core.study import hub_layout
from tasks.core.study.stage_record import StageFiles, silent
from tasks.report.history.hub_diff import diff_hubs, diff_lines
from tasks.report.history.hub_scores import read_hub_scores
from tasks.report.verification.verification import verify_hub
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WORDS = ("--profile", "smoke", "--splits", "test", "--arms", "PtyChi")
# ePIE, in a process that knows nothing of this project.
SOLVER = """
import sys
import h5py
import numpy as np
with h5py.File(sys.argv[1]) as file:
    counts = file["entry_1/data_1/data"][()]
    probe = file["entry_1/instrument_1/source_1/illumination"][()]
    translation = file["entry_1/data_1/translation"][()]
    wavelength = file["entry_1/instrument_1/source_1/wavelength"][()]
    detector = file["entry_1/instrument_1/detector_1"]
    n = counts.shape[-1]
    pixel = wavelength * detector["distance"][()] / (n * detector["x_pixel_size"][()])
places = -translation[:, 1::-1] / pixel
corners = np.floor(places - places.min(axis=0) + 0.5).astype(int)
object_ = np.ones(corners.max(axis=0) + n, dtype=complex)
for _ in range(4):
    for pattern, (y, x) in zip(counts, corners):
        here = object_[y : y + n, x : x + n]
        wave = probe * here
        far = np.fft.fftshift(np.fft.fft2(wave, norm="ortho"))
        far = np.sqrt(pattern) * np.exp(1j * np.angle(far))
        better = np.fft.ifft2(np.fft.ifftshift(far), norm="ortho")
        here += probe.conj() / (abs(probe) ** 2).max() * (better - wave)
print("saw", len(counts), "patterns of", __file__, flush=True)
np.save(sys.argv[2], object_)
"""


@pytest.fixture(scope="module")
def run(run_flow, with_server):
    """The way to run the solver alone in a hub."""
    return lambda hub, *words: run_flow("phase_g", hub, *WORDS, *words, **with_server)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """Return the options that bring a truth, blurred, turned and shifted, and the solver."""
    folder = tmp_path_factory.mktemp("theirs")
    plan = make_plan(PhaseGParams(profile="smoke", arms=("PtyChi",), hub=folder / "hub"))
    (call,) = plan.replicates[0].named("simulate")
    outputs = {name: folder / name for name in call.outputs}
    simulate(SimulationParams.model_validate(call.params), StageFiles({}, outputs), silent)
    truth = read_object(outputs["truth"]).object_
    blurred = gaussian_filter(truth, 1.0)
    np.save(folder / "theirs.npy", np.rot90(blurred[3:, 5:]).conj())
    (folder / "solve.py").write_text(SOLVER)
    content = {
        "name": "Mine",
        "command": [sys.executable, "solve.py", "{scan}", "{out}"],
        "time_limit_s": 300,
        "description": "ePIE in thirty lines",
        "colour": "#123456",
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(content))
    return ("--reconstruction", f"Theirs={folder}/theirs.npy", "--solver", f"{folder}/mine.yaml")


@pytest.fixture(scope="module")
def hub(run, options, tmp_path_factory):
    hub = tmp_path_factory.mktemp("own") / "hub"
    done = run(hub, *options)
    assert done.returncode == 0, done.stderr
    assert "(PtyChi - Mine)" in done.stdout
    return hub


def table_of(hub):
    (path,) = hub.glob("analysis/dose_*/*/test/comparison_metrics.csv")
    with path.open(newline="") as file:
        return {(row["model"], row["metric"]): row for row in csv.DictReader(file)}


def test_both_have_rows_that_are_good(hub):
    table = table_of(hub)
    assert {model for model, _ in table} == {
        *("PtyChi", "Theirs", "Mine", "Oracle", "Blurred", "Flat")
    }
    for model in ("Theirs", "Mine"):
        for part in ("amplitude", "phase"):
            assert float(table[model, "mae"][part]) < float(table["Flat", "mae"][part])
    # By half the blur of the control.
    assert float(table["Theirs", "mae"]["phase"]) < float(table["Blurred", "mae"]["phase"])


def test_what_was_done_to_the_file_is_told_in_record_flags_and_page(hub):
    (path,) = hub.glob("analysis/dose_*/*/test/comparison.json")
    found = read_json(path)["placements"]["Theirs"]
    assert (found["source"], found["quarter_turns"], found["is_conjugated"]) == ("found", 3, True)
    digest = (hub / hub_layout.DIGEST).read_text(encoding="utf-8")
    assert "Theirs: it was found by a search, turned by 270 degrees and conjugated" in digest
    page = (hub / hub_layout.REPORT_PAGE).read_text(encoding="utf-8")
    assert "Objects of other programs" in page
    assert "#123456" in page


def test_the_solver_is_an_arm_with_deltas_and_costs_and_the_file_has_neither(hub):
    delta = read_json(hub / hub_layout.DELTA_SUMMARY)
    assert delta["arms"] == ["PtyChi", "Mine"]
    assert delta["of_subject"]["deltas"]["vs_Mine"]["mae"]["phase"] is not None
    assert "vs_Theirs" not in delta["of_subject"]["deltas"]
    with (hub / hub_layout.COST_TABLE).open(newline="") as file:
        costs = {row["model"]: row for row in csv.DictReader(file)}
    assert set(costs) == {"PtyChi", "Mine"}
    assert float(costs["Mine"]["cpu_s"]) > 0
    assert costs["Mine"]["n_patterns"] == "625"


def test_the_evidence_holds_and_names_no_folder(hub):
    assert read_json(hub / hub_layout.VERIFICATION_REPORT)["all_valid"]
    assert verify_hub(hub)["all_valid"]
    log = (hub / "cli/run-mine.dose_1000.dense.test.log").read_text(encoding="utf-8")
    assert "saw 625 patterns of <folder>/solve.py" in log


def test_the_hub_is_read_later_by_who_knows_nothing_of_its_rows(hub, run):
    again = run(hub, "--report-only")
    assert again.returncode == 0, again.stderr
    lines = diff_lines(diff_hubs(read_hub_scores(hub), read_hub_scores(hub)))
    assert [line for line in lines if line.startswith("Mine ")]
    assert not [line for line in lines if "Not in the catalogue" in line]


def test_the_same_again_makes_nothing_anew(hub, options, run):
    made = (hub / "data/phase_f").rglob("*.manifest.json")
    times = {path: path.stat().st_mtime_ns for path in made}
    done = run(hub, *options)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_command_that_fails_stops_the_run_and_the_rest_is_reported(hub, options, run, tmp_path):
    (tmp_path / "solve.py").write_text("import sys\nsys.exit('no licence')\n")
    content = {
        "name": "Broken",
        "command": [sys.executable, "solve.py", "{scan}", "{out}"],
        "time_limit_s": 60,
    }
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(content))
    words = (*options, "--solver", str(tmp_path / "broken.yaml"))
    refused = run(hub, *words)
    assert refused.returncode == 2
    assert "--clobber" in refused.stderr
    done = run(hub, *words, "--clobber")
    assert done.returncode == 1
    assert "Broken ended with exit code 1" in done.stderr
    assert "no licence" in read_json(hub / hub_layout.BLOCKER_JSON)["message"]
    # What was finished has stayed, and is compared.
    assert {"PtyChi", "Mine", "Theirs"} <= {model for model, _ in table_of(hub)}
