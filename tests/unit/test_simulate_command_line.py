import json
import subprocess
import sys
from typing import get_args

import pytest
from PIL import Image
from pydantic import BaseModel

from tasks.core.files import read_json, sha256_of
from tasks.core.scan_file import read_scan
from tasks.simulate.command_line import OUTPUTS, main
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
    path = tmp_path / f"knobs{suffix}"
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
        (["--colour", "red"], "--colour"),
        (["--parameters", "none.json"], "none.json cannot be read"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(arguments, message, tmp_path, capsys):
    assert main([str(tmp_path / "scan"), *arguments]) == 2
    assert message in capsys.readouterr().err
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
    (tmp_path / "knobs.json").write_text(content)
    assert main([str(tmp_path / "scan"), "--parameters", str(tmp_path / "knobs.json")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "scan").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, capsys):
    (tmp_path / "scan").write_text("a file")
    assert main([str(tmp_path / "scan")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_the_help_names_and_explains_every_knob():
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
