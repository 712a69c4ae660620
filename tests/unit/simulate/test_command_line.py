import json
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from tasks.core.files.atomic_files import read_json, sha256_of
from tasks.core.files.scan_reader import read_scan
from tasks.simulate.__main__ import OUTPUTS, main
from tasks.simulate.params import SimulationParams

SMALL = ["--train-positions", "4", "5", "--test-positions", "4", "4", "--min-test-span-px", "0"]


def leaves(model: type[BaseModel], prefix: str = "--"):
    """Yield the option of every field, those of nested models with a dot."""
    for name, field in model.model_fields.items():
        option = prefix + name.replace("_", "-")
        choices = get_args(field.annotation) or (field.annotation,)
        models = [c for c in choices if isinstance(c, type) and issubclass(c, BaseModel)]
        if not models:
            yield option, field
        for nested in models:
            yield from leaves(nested, f"{option}.")


def test_a_scan_is_made_alone_with_its_parameters_and_a_figure(tmp_path, capsys):
    folder = tmp_path / "scan"
    assert main([str(folder), *SMALL, "--probe.defocus-rad", "7", "--seed", "5"]) == 0
    assert {path.name for path in folder.iterdir()} == set(OUTPUTS.values())
    assert len(read_scan(folder / "train.cxi")) == 20
    params = SimulationParams.model_validate(read_json(folder / "parameters.json"))
    assert (params.probe.defocus_rad, params.seed) == (7.0, 5)
    with Image.open(folder / "simulation.png") as image:
        assert min(image.size) > 500
    assert str(folder / "simulation.png") in capsys.readouterr().out


def test_the_parameters_of_a_scan_make_its_bytes_again(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert main([str(first), *SMALL, "--photons-per-pattern", "2e4"]) == 0
    assert main([str(second), "--parameters", str(first / "parameters.json")]) == 0
    for name in OUTPUTS.values():
        assert sha256_of(first / name) == sha256_of(second / name), name


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_options_go_before_the_parameter_file(suffix, tmp_path):
    content = {
        "train_positions": [3, 3],
        "test_positions": [4, 4],
        "min_test_span_px": 0,
        "probe": {"defocus_rad": 6.0},
    }
    yaml = (
        "train_positions: [3, 3]\ntest_positions: [4, 4]\nmin_test_span_px: 0\n"
        "probe:\n  defocus_rad: 6.0\n"
    )
    path = tmp_path / f"options{suffix}"
    path.write_text(json.dumps(content) if suffix == ".json" else yaml)
    arguments = [str(tmp_path / "scan"), f"--parameters={path}", "--train-positions", "5", "5"]
    assert main(arguments) == 0
    params = read_json(tmp_path / "scan/parameters.json")
    assert params["train_positions"] == [5, 5]
    assert params["test_positions"] == [4, 4]
    assert params["probe"]["defocus_rad"] == 6.0


def test_a_folder_with_a_scan_is_refused_and_force_replaces_it(tmp_path, capsys):
    assert main([str(tmp_path), *SMALL]) == 0
    before = sha256_of(tmp_path / "train.cxi")
    assert main([str(tmp_path), *SMALL, "--seed", "1"]) == 2
    assert "replace them with --force" in capsys.readouterr().err
    assert sha256_of(tmp_path / "train.cxi") == before
    assert main([str(tmp_path), *SMALL, "--seed", "1", "--force"]) == 0
    assert sha256_of(tmp_path / "train.cxi") != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--photons-per-pattern", "0"], "--photons-per-pattern '0'"),
        (["--probe.n-px", "33"], "--probe.n-px '33': Input should be a multiple of 2"),
        (["--train-positions", "1", "9"], "at least 2 x 2"),
        (["--probe.defocus-rad", "30"], "Lower defocus_rad"),
        (["--test-positions", "9", "9"], "set min_test_span_px to 0 to go without MS-SSIM"),
        (["--instrument.position-error-px", "9"], "less than half of the guard band of 64 px"),
        (["--scan.overlap-ratio", "1"], "--scan.overlap-ratio '1': Input should be less than 1"),
        (["--scan.overlap-ratio", "nan"], "--scan.overlap-ratio 'nan'"),
        (["--energy-ev", "40"], "--energy-ev '40': Input should be greater than or equal to 50"),
        (["--energy-ev", "3e5"], "--energy-ev '3e5': Input should be less than or equal to 200000"),
        (["--distance-m", "inf"], "--distance-m 'inf'"),
        (["--detector-pixel-m", "75"], "--detector-pixel-m '75': Input should be less than"),
        (["--train-positions", "100000", "100000"], "Lower rows and columns"),
        (["--photons-per-pattern", "1e300"], "lower photons_per_pattern"),
        (["--photons-per-pattern", "1e-3"], "raise photons_per_pattern"),
        (["--probe.kind", "gaussian", "--probe.diameter-px", "60"], "Lower diameter_px"),
        (["--probe.kind", "file", "--probe.file", "none.npy"], "Give the path of a file"),
        (["--instrument.readout-noise-photons", "nan"], "readout-noise-photons 'nan'"),
        (["--colour", "red"], "--colour"),
        (["--parameters", "none.json"], "none.json cannot be read"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(arguments, message, tmp_path, capsys):
    assert main([str(tmp_path / "scan"), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "scan").exists()


PROBES = {
    "big.npy": (np.ones((128, 128), complex), "Crop or pad it in its plane, or set n_px"),
    "full.npy": (np.ones((64, 64), complex), "Pad the probe in its file full.npy or raise n_px"),
    "nan.npy": (np.full((64, 64), np.nan + 0j), "Repair them"),
    "cut.h5": (b"\x89HDF\r\n\x1a\n" + b"0" * 50, "cut short"),
    "empty.npy": (b"", "Save it with np.save"),
}
OBJECTS = {
    "small.npy": (np.ones((50, 50), complex), "or give a larger object"),
    "real.npy": (np.ones((900, 900)), "numpy.exp(1j * phase)"),
    "nan.npy": (np.full((900, 900), np.nan + 0j), "not finite"),
    "cut.h5": (b"\x89HDF\r\n\x1a\n" + b"0" * 50, "cut short"),
}
SCANS = {
    "nan.npy": (np.array([[0, 0], [0, 9], [9, 0], [np.nan, 3]]), "Remove or correct them"),
    "line.npy": (np.array([[0, 0], [0, 9], [0, 10], [0, 300.0]]), "in object pixels"),
    "close.npy": (np.array([[0, 0], [0, 9], [9, 0], [9, 9.0]]), "to go without MS-SSIM"),
    "empty.npy": (b"", "Give two columns of numbers"),
}
NAMED_FILES = [
    (group, field, name, content, cure)
    for group, field, files in (
        ("probe", "file", PROBES),
        ("train-object", "path", OBJECTS),
        ("scan", "path", SCANS),
    )
    for name, (content, cure) in files.items()
]


@pytest.mark.parametrize(("group", "field", "name", "content", "cure"), NAMED_FILES)
def test_a_file_that_makes_no_sense_is_refused(group, field, name, content, cure, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
    options = [f"--{group}.kind", "file", f"--{group}.{field}", str(path)]
    assert main([str(tmp_path / "scan"), *options]) == 2
    error = capsys.readouterr().err
    assert cure in error
    assert name in error or "span" in error
    assert not (tmp_path / "scan").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "neither JSON nor YAML"),
        ("[1, 2]", "holds no parameters by name"),
        ('{"probe": {"n_pixels": 64}}', "n_pixels"),
        ('{"seed": -1}', "--seed"),
    ],
)
def test_a_parameter_file_that_makes_no_sense_is_refused(content, message, tmp_path, capsys):
    (tmp_path / "options.json").write_text(content)
    assert main([str(tmp_path / "scan"), "--parameters", str(tmp_path / "options.json")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "scan").exists()


def test_half_a_scan_leaves_nothing(tmp_path, capsys):
    faint = ["--photons-per-pattern", "1", "--test-positions", "2", "2"]
    assert main([str(tmp_path / "scan"), *faint, "--min-test-span-px", "0"]) == 2
    assert "[1/2]" in capsys.readouterr().out, "the training scan met its dose"
    assert not (tmp_path / "scan").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, capsys):
    (tmp_path / "scan").write_text("a file")
    assert main([str(tmp_path / "scan")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_the_help_names_and_explains_every_option():
    done = subprocess.run(
        [sys.executable, "-m", "tasks.simulate", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "240", "PATH": ""},
    )
    text = " ".join(done.stdout.split())
    for option, field in leaves(SimulationParams):
        assert option in text
        assert field.description in text
