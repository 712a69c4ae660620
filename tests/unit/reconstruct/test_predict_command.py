"""`python -m tasks.reconstruct predict`: the object of a run's stage, and refusals in words."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_file import write_scan
from tasks.core.study.stage_record import StageFiles, silent
from tasks.networks.model_record import CODE_SHA256
from tasks.reconstruct.__main__ import main
from tasks.reconstruct.network_stage import predict
from tasks.reconstruct.params import PredictionParams
from tests.unit.reconstruct.small_scan import scan_of


def words(stored, *more, **changed):
    options = {"model": stored.folder, "scan": stored.scan, "out": stored.out} | changed
    return ["predict", *(f"--{name}={value}" for name, value in options.items()), *more]


def refusal(capsys, stored, *more, **changed):
    """Return what is said of bad input; nothing is written."""
    before = sorted(stored.out.parent.parent.rglob("*"))
    assert main(words(stored, *more, **changed)) == 2
    assert sorted(stored.out.parent.parent.rglob("*")) == before
    return capsys.readouterr().err


def by_the_stage(stored, tmp_path, indices):
    """Return the bytes that the stage of a run writes."""
    view = {"view": "dense", "n_exposures": 9, "indices": indices}
    write_json(tmp_path / "stage" / "view.json", view)
    inputs = {
        "scan": stored.scan,
        "view": tmp_path / "stage" / "view.json",
        "model": stored.folder / "model.json",
        "weights": stored.folder / "model.weights.h5",
    }
    outputs = {"reconstruction": tmp_path / "stage" / "object.h5"}
    predict(PredictionParams(arm="PtychoPINN"), StageFiles(inputs, outputs), silent)
    return outputs["reconstruction"].read_bytes()


def change_record(stored, **training):
    content = read_json(stored.folder / "model.json")
    content["training"] |= training
    write_json(stored.folder / "model.json", content)
    (stored.folder / "manifest.json").unlink()


def test_the_object_is_that_of_a_run_byte_for_byte(stored, tmp_path, capsys):
    assert main(words(stored)) == 0
    assert stored.out.read_bytes() == by_the_stage(stored, tmp_path, list(range(9)))
    said = capsys.readouterr().out
    assert "[2/2] pass 2 of 2 over 9 patterns" in said
    assert "patterns per second on cpu" in said
    assert "Probe: the one that the network was trained with" in said
    with Image.open(stored.out.with_suffix(".png")) as picture:
        assert picture.width > picture.height > 300


def test_a_view_chooses_the_exposures(stored, tmp_path):
    expected = by_the_stage(stored, tmp_path, [0, 1, 2, 4, 5])
    assert main(words(stored, view=tmp_path / "stage" / "view.json")) == 0
    assert stored.out.read_bytes() == expected


def test_a_folder_without_a_model_is_refused(stored, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    said = refusal(capsys, stored, model=tmp_path / "empty")
    assert "must hold a trained network, model.json and one *.weights.h5, and holds nothing" in said
    assert "Name the folder of a network" in said
    assert "does not exist" in refusal(capsys, stored, model=tmp_path / "nowhere")


def test_a_model_of_another_size_is_refused(stored, capsys):
    write_scan(stored.scan, scan_of(n_px=32))
    said = refusal(capsys, stored)
    assert "trained on patterns of 16 x 16 px, and the scan has 32 x 32 px" in said


def test_another_probe_is_refused_by_how_alike_it_is_unless_it_is_accepted(stored, capsys):
    write_scan(stored.scan, scan_of(defocus_rad=6.0))
    said = refusal(capsys, stored)
    assert "alike by 0." in said
    assert "--accept-other-probe" in said
    assert main(words(stored, "--accept-other-probe")) == 0
    assert "Warning: the probe is another one: alike by 0." in capsys.readouterr().out


def test_a_probe_that_is_alike_is_no_other_one(stored, capsys):
    write_scan(stored.scan, scan_of(defocus_rad=0.2))
    assert main(words(stored)) == 0
    assert "Probe: alike by 0.9" in capsys.readouterr().out


def test_without_the_probe_of_the_training_another_one_is_refused(stored, tmp_path, capsys):
    alone = tmp_path / "copied"
    shutil.copytree(stored.folder, alone)
    assert main(words(stored, model=alone)) == 0
    write_scan(stored.scan, scan_of(defocus_rad=0.2))
    assert "no longer there" in refusal(capsys, stored, "--force", model=alone)


@pytest.mark.parametrize("name", ["model.json", "model.weights.h5"])
def test_files_that_were_changed_by_hand_are_refused(stored, capsys, name):
    with (stored.folder / name).open("ab") as file:
        file.write(b"\n")
    assert "was changed" in refusal(capsys, stored)


def test_a_model_of_another_version_of_the_code_is_refused(stored, capsys):
    change_record(stored, **{CODE_SHA256: 64 * "a"})
    said = refusal(capsys, stored)
    assert "trained with another version of this project" in said
    assert "Train it again, or use the version" in said


def test_a_model_from_before_there_were_fingerprints_is_used_and_that_is_said(stored, capsys):
    change_record(stored, **{CODE_SHA256: None})
    assert main(words(stored)) == 0
    assert "with which version of the code is not recorded" in capsys.readouterr().out


@pytest.mark.parametrize(("photons", "word"), [(0.04, "below"), (400.0, "above")])
def test_another_dose_goes_on_with_a_warning_by_how_much(stored, capsys, photons, word):
    write_scan(stored.scan, scan_of(photons=photons))
    assert main(words(stored)) == 0
    said = capsys.readouterr().out
    assert f"times {word} the trained range" in said
    assert "Warning: the dose" in said


def test_a_file_that_is_no_scan_is_refused_with_the_way_to_import_it(stored, tmp_path, capsys):
    (tmp_path / "scan.nxs").write_bytes(b"something else")
    said = refusal(capsys, stored, scan=tmp_path / "scan.nxs")
    assert "python -m tasks.ingest import" in said
    assert "cannot be read" in refusal(capsys, stored, scan=tmp_path / "nothing.cxi")


def test_a_file_that_is_no_view_is_refused(stored, tmp_path, capsys):
    write_json(tmp_path / "list.json", [1, 2])
    assert "is no view: expected JSON" in refusal(capsys, stored, view=tmp_path / "list.json")


def test_an_output_that_cannot_be_written_is_refused(stored, tmp_path, capsys):
    assert "is a folder" in refusal(capsys, stored, out=tmp_path)
    assert "does not end in .h5" in refusal(capsys, stored, out=tmp_path / "object.png")
    assert "which is a file" in refusal(capsys, stored, out=stored.scan / "object.h5")
    assert "is there already" in refusal(capsys, stored, out=stored.folder / "model.weights.h5")
    assert "a number of epochs" in refusal(capsys, stored, refine=-1)


@pytest.mark.slow
def test_from_the_shell_with_a_refinement_in_a_process_of_its_own(stored, tmp_path):
    command = [sys.executable, "-m", "tasks.reconstruct", *words(stored), "--refine=2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[2/2] loss" in done.stdout
    network = stored.out.with_name("object_network.h5")
    assert network.read_bytes() == by_the_stage(stored, tmp_path, list(range(9)))
    refined = read_object(stored.out)
    assert refined.facts["settings"]["n_epochs"] == 2
    assert refined.facts["start"] == "given"
    assert np.all(np.isfinite(refined.object_))
