"""A measured scan on the command line and in the plan: its file, its stages, its folders."""

import numpy as np
import pytest

from flows.params.measured import MeasuredParams, confined_file, spelled_out
from flows.params.run import PhaseGParams
from flows.planning.measured_dose import photons_per_pattern, rounded
from flows.planning.plan import make_plan
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.ingest.resolved_scan import open_scan
from tasks.runtime.errors import BadInputError


@pytest.fixture(scope="module")
def scan_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("beamline") / "scan.cxi"
    positions = jittered_raster(20, 9, 4.0, 0.5, np.random.default_rng(1)) + 20
    probe = 10 * defocused_zone_plate_probe(16, 0.5, 0.2, 3.0)
    counts = np.full((len(positions), 16, 16), 3, dtype=np.uint16)
    write_scan(path, Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {}))
    return path


def plan_of(scan_file, **options):
    measured = {"file": scan_file} | options.pop("measured", {})
    return make_plan(PhaseGParams(measured=MeasuredParams(**measured), **options))


def labels_of(replicate):
    """Return the stages that make labels: pty-chi on the training region, or a simulation."""
    simulated = replicate.named("simulate-labels")
    solved = replicate.named("iterate-ptychi")
    return simulated or [call for call in solved if call.inputs["scan"].endswith("train.cxi")]


@pytest.mark.parametrize(
    "options", [{}, {"seeds": 2}, {"measured": {"labels": "simulation"}}, {"adapt_steps": 5}]
)
def test_every_file_is_made_once_before_it_is_read(scan_file, options):
    made = set()
    for call in plan_of(scan_file, **options):
        assert set(call.inputs.values()) <= made, call.stage
        assert not made & {*call.outputs.values(), call.manifest}, call.stage
        made |= {*call.outputs.values(), call.manifest}


@pytest.mark.parametrize(
    ("measured", "others"),
    [
        ({"mask": {"file": "bad.npy"}}, {}),
        ({"probe": {"file": "bad.npy"}}, {}),
        ({"patterns": {"dark": {"file": "bad.npy"}, "photons_per_pattern": 9}}, {}),
        ({"file": "bad.npy", "patterns": {"photons_per_pattern": 9}}, {}),
        ({"labels": "simulation"}, {"sample": {"kind": "file", "path": "bad.npy"}}),
    ],
)
def test_a_bad_file_beside_a_measured_scan_is_refused_before_anything_runs(
    scan_file, measured, others, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.npy").write_bytes(b"no array")
    with pytest.raises(BadInputError, match=r"bad\.npy"):
        plan_of(scan_file, measured=measured, **others)


def test_nothing_of_a_measured_scan_is_called_truth(scan_file):
    for call in plan_of(scan_file):
        assert "truth" not in call.inputs, call.stage
        assert "truth" not in call.outputs, call.stage
        assert "simulate" not in call.stage


def test_ptychopinn_sees_the_training_diffraction_alone(scan_file):
    plan = plan_of(scan_file)
    own, baseline = plan.replicates[0].named("train-ptychopinn", "train-baseline")
    assert set(own.inputs) == {"scan", "view"}
    assert own.inputs["scan"].endswith("train.cxi")
    assert set(baseline.inputs) == {"scan", "view", "labels"}
    (labels,) = labels_of(plan.replicates[0])
    assert baseline.inputs["labels"] == labels.outputs["reconstruction"]
    assert labels.inputs["scan"] == own.inputs["scan"]


def test_simulated_labels_come_from_the_measured_probe(scan_file):
    (replicate,) = plan_of(scan_file, measured={"labels": "simulation"}).replicates
    (labels,) = replicate.named("simulate-labels")
    assert labels.inputs["scan"].endswith("train.cxi")
    assert replicate.named("train-baseline")[0].inputs == labels.outputs


@pytest.mark.parametrize("labels", ["reference", "simulation"])
def test_the_baseline_alone_pays_for_its_labels(scan_file, labels):
    plan = plan_of(scan_file, measured={"labels": labels}, refine=2)
    (replicate,) = plan.replicates
    (made,) = labels_of(replicate)
    paying = [s for s in plan.costs.params["sources"] if s["role"] == "label"]
    assert {source["manifest"] for source in paying} == {made.manifest}
    assert {source["model"] for source in paying} == {"Baseline", "Baseline-refined"}


def test_the_folders_are_named_by_the_measured_dose(scan_file):
    plan = plan_of(scan_file, photons_per_pattern=5.0)
    for call in plan.comparisons:
        assert call.manifest.startswith("analysis/dose_768/measured/")
    assert plan.conditions[0].params.truth_free
    again = make_plan(plan.conditions[0].params)
    assert again.science == plan.science
    assert (
        plan_of(scan_file, measured={"thin": True})
        .comparisons[0]
        .manifest.startswith("analysis/dose_768/dense/")
    )


def test_replicates_measure_once(scan_file):
    prepared = ("import", "reference", "regions")
    first, second = plan_of(scan_file, seeds=2).replicates
    assert first.named(*prepared) == second.named(*prepared)
    assert first.named("train-baseline") != second.named("train-baseline")


def test_the_dose_does_not_change_in_its_last_digits(scan_file):
    measured = MeasuredParams(file=scan_file)
    assert photons_per_pattern(open_scan(measured.file, measured.ingest), measured.ingest) == 768.0
    assert rounded(461_212.9) == rounded(460_600.0) == 461_000.0
    with pytest.raises(ValueError, match="Check shutter"):
        rounded(0.0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--scan", "a.cxi"], ["--measured.file", "a.cxi"]),
        (["--scan=a.cxi", "--seed", "3"], ["--measured.file=a.cxi", "--seed", "3"]),
        (["--scan.kind", "spiral"], ["--scan.kind", "spiral"]),
        (["--scan", '{"kind": "spiral"}'], ["--scan", '{"kind": "spiral"}']),
        (['--scan={"kind": "x"}'], ['--scan={"kind": "x"}']),
    ],
)
def test_the_scan_option_takes_a_file_beside_its_group(words, expected):
    assert spelled_out(words) == expected


def test_a_file_that_is_no_scan_is_refused_before_anything_runs(tmp_path):
    np.savez(tmp_path / "scan.npz", data=np.ones((3, 4, 4)))
    with pytest.raises(BadInputError, match=r"Say which array is what in a YAML"):
        plan_of(tmp_path / "scan.npz")


def test_a_file_below_the_root_is_found(tmp_path):
    (tmp_path / "day").mkdir()
    (tmp_path / "day/scan.cxi").write_bytes(b"x")
    (tmp_path / "link.cxi").symlink_to("day/scan.cxi")
    expected = (tmp_path / "day/scan.cxi").resolve()
    assert confined_file("day/scan.cxi", tmp_path) == expected
    assert confined_file("link.cxi", tmp_path) == expected
    assert confined_file(str(expected), tmp_path) == expected


@pytest.mark.parametrize("name", ["../secret", "day/../../secret", "/etc/hostname", "out", "dir/x"])
def test_a_name_that_leads_out_of_the_root_is_refused(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x").write_bytes(b"x")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "dir").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInputError, match="leads out of the data root"):
        confined_file(name, root)


def test_a_missing_file_or_root_is_refused_with_the_cure(tmp_path):
    with pytest.raises(BadInputError, match="Name one relative to the root"):
        confined_file("nothing.cxi", tmp_path)
    with pytest.raises(BadInputError, match="Set PHASE_G_DATA_ROOT"):
        confined_file("scan.cxi", tmp_path / "nowhere")


def test_the_environment_confines_every_scan(scan_file, tmp_path, monkeypatch):
    monkeypatch.setenv("PHASE_G_DATA_ROOT", str(tmp_path))
    with pytest.raises(ValueError, match="leads out"):
        plan_of(scan_file)
    monkeypatch.setenv("PHASE_G_DATA_ROOT", str(scan_file.parent))
    assert plan_of(scan_file).conditions[0].params.measured.data_root == scan_file.parent.resolve()


def test_a_name_from_a_form_is_one_below_the_data_root(scan_file, monkeypatch):
    monkeypatch.setenv("PHASE_G_DATA_ROOT", str(scan_file.parent))
    assert MeasuredParams(file=scan_file.name).file == scan_file.resolve()


def test_a_run_from_a_form_reads_no_scan_without_a_data_root(scan_file, monkeypatch):
    monkeypatch.setattr("flows.params.measured.deployment.id", "a-deployment", raising=False)
    with pytest.raises(BadInputError, match="Start it with PHASE_G_DATA_ROOT"):
        plan_of(scan_file)
    monkeypatch.setenv("PHASE_G_DATA_ROOT", str(scan_file.parent))
    plan_of(scan_file)


@pytest.mark.parametrize(
    ("profile", "asked", "expected"),
    [
        ("smoke", {}, (8, 8)),
        ("quick", {}, (40, None)),
        ("study", {}, (80, None)),
        ("smoke", {"probe_epochs": 5}, (5, 8)),
        ("study", {"probe_epochs": 5, "object_epochs": 7}, (5, 7)),
    ],
)
def test_the_reference_follows_the_profile_and_what_is_asked_for(
    scan_file, profile, asked, expected
):
    plan = plan_of(scan_file, profile=profile, measured={"reference": asked})
    (call,) = plan.replicates[0].named("reference")
    assert (call.params["probe_epochs"], call.params["object_epochs"]) == expected
