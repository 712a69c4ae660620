"""`python -m tasks.compare score`: tables, pictures and page of objects of any program."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tasks.compare.__main__ import main
from tasks.compare.score.write import PAGE_NAME, RECORD_NAME
from tasks.core.files.metrics_table import read_metrics_csv
from tasks.core.files.object_file import ObjectWindow, read_object, write_object

ROOT = Path(__file__).resolve().parents[4]
OUTPUTS = {
    "comparison_metrics.csv",
    "frc_curves.csv",
    "comparison.json",
    "comparison_plot.png",
    "frc_curves.png",
    "reconstructions_aligned.npz",
    "comparison.html",
}


def table_of(folder):
    rows = read_metrics_csv(folder / "comparison_metrics.csv")
    return {(row.model, row.metric): row for row in rows}


@pytest.fixture(scope="module")
def scored(files, tmp_path_factory):
    """Return the folder of a scoring against the truth."""
    out = tmp_path_factory.mktemp("scored") / "out"
    words = ["score", str(files / "a.h5"), f"Other-program={files / 'c.npy'}", str(files / "b.h5")]
    assert main([*words, "--truth", str(files / "truth.h5"), "--out", str(out)]) == 0
    return out


def test_all_files_are_written(scored):
    assert {path.name for path in scored.iterdir()} == OUTPUTS
    rows = table_of(scored)
    assert [model for model, metric in rows if metric == "mae"] == [
        "a",
        "Other-program",
        "b",
        "Blurred",
        "Flat",
    ]
    with (scored / "frc_curves.csv").open() as stream:
        assert {line["model"] for line in csv.DictReader(stream)} == {
            "a",
            "Other-program",
            "b",
            "Blurred",
        }


def test_an_object_of_another_program_scores_as_in_its_place(scored):
    rows = table_of(scored)
    for metric in ("mae", "mse"):
        here, there = rows["b", metric], rows["Other-program", metric]
        assert there.amplitude == pytest.approx(here.amplitude, rel=0.05)
        assert there.phase == pytest.approx(here.phase, rel=0.05)
    assert rows["a", "mae"].amplitude < 0.6 * rows["b", "mae"].amplitude


def test_the_record_and_the_page_say_what_was_done(scored):
    record = json.loads((scored / RECORD_NAME).read_text())
    found = record["placement"]["Other-program"]
    assert (found["source"], found["format"]) == ("found", "numpy")
    assert (found["is_conjugated"], found["is_mirrored"], found["quarter_turns"]) == (True, True, 1)
    assert found["scale"] == pytest.approx(0.8, abs=2e-4)
    assert record["placement"]["a"]["source"] == "from the file"
    assert record["agreement"] is None
    page = (scored / PAGE_NAME).read_text()
    assert "mirrored, turned by 90 degrees, conjugated" in page
    assert "from the file" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_equal_inputs_give_equal_bytes(scored, files, tmp_path):
    words = ["score", str(files / "a.h5"), f"Other-program={files / 'c.npy'}", str(files / "b.h5")]
    assert main([*words, "--truth", str(files / "truth.h5"), "--out", str(tmp_path)]) == 0
    for name in OUTPUTS:
        assert (tmp_path / name).read_bytes() == (scored / name).read_bytes()


def test_two_objects_without_a_truth_are_held_against_each_other(files, tmp_path, capsys):
    words = [str(files / "a.h5"), str(files / "b.h5")]
    assert main(["score", *words, "--out", str(tmp_path)]) == 0
    rows = table_of(tmp_path)
    assert rows["a", "mae"].amplitude is None
    assert rows["b", "mae"].amplitude is not None
    assert rows["b", "against_reference"].value == 1
    pair = json.loads((tmp_path / RECORD_NAME).read_text())["agreement"]["pairs"]["a and b"]
    # Noise of 5 and 10 % of the object, independent.
    assert pair["complex_nrmse"] == pytest.approx(np.hypot(0.05, 0.1), rel=0.1)
    crossings = [pair["frc_crossings"][name]["crossing_per_px"] for name in ("1/7", "half-bit")]
    assert all(at is None or 0 < at < 0.5 for at in crossings)
    assert "Objects of the same patterns share their noise" in (tmp_path / PAGE_NAME).read_text()
    assert "a and b" in capsys.readouterr().out


def test_pixel_sizes_that_are_told_are_used(files, tmp_path):
    sizes = ["--pixel-size", "1e-8", "truth=1.25e-8"]
    words = [str(files / "c.npy"), "--truth", str(files / "truth.h5"), *sizes]
    assert main(["score", *words, "--out", str(tmp_path)]) == 0
    placed = json.loads((tmp_path / RECORD_NAME).read_text())["placement"]["c"]
    assert (placed["scale"], placed["scale_source"]) == (pytest.approx(0.8), "pixel sizes")


def test_a_reference_is_called_one(files, tmp_path):
    words = [str(files / "a.h5"), "--reference", str(files / "b.h5"), "--out", str(tmp_path)]
    assert main(["score", *words]) == 0
    rows = table_of(tmp_path)
    assert rows["a", "against_reference"].value == 1
    assert ("Flat", "mae") in rows
    assert "the reference b.h5" in (tmp_path / PAGE_NAME).read_text()


def test_no_framework_and_no_prefect_is_loaded(files, tmp_path):
    script = (
        "import sys\n"
        "from tasks.compare.__main__ import main\n"
        "assert 'matplotlib' not in sys.modules\n"
        "assert main(sys.argv[1:]) == 0\n"
        "print([name for name in ('prefect', 'tensorflow', 'torch', 'keras', 'ptychi')"
        " if name in sys.modules])"
    )
    words = ["score", files / "a.h5", files / "b.h5", "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_mode_of_another_layer_is_refused_before_anything_is_written(files, tmp_path, capsys):
    with h5py.File(tmp_path / "layers.h5", "w") as file:
        file["object"] = np.ones((2, 64, 64), dtype=complex)
    words = [str(tmp_path / "layers.h5"), str(files / "a.h5"), "--out", str(tmp_path / "out")]
    assert main(["score", *words]) == 2
    assert "several layers or objects" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def case(*words):
    return words


BAD = {
    "nothing": (case(), "There is nothing to score"),
    "one object": (case("{a}"), "One object alone can be held against nothing"),
    "missing": (case("{a}", "{here}/none.h5"), "is not there. Give the path"),
    "missing truth": (case("{a}", "--truth", "{here}/none.h5"), "is not there. Give the path"),
    "two of a name": (case("X={a}", "x={b}"), "Two rows are called 'x'"),
    "markup": (case("<b>={a}", "{b}"), "The row '<b>' needs another name"),
    "slash": (case("x/y={a}", "{b}"), "The row 'x/y' needs another name"),
    "argument": (case("file={a}", "{b}"), "means something else in the files"),
    "another control": (case("NoNetwork={a}", "{b}"), "means something else in the files"),
    "control": (case("oracle={a}", "{b}"), "means something else in the files"),
    "unknown format": (case("{text}", "{b}"), "of no known format"),
    "another sample": (case("{d}", "--truth", "{truth}"), "is not found in the object"),
    "two bases": (
        case("{a}", "--truth", "{truth}", "--reference", "{b}"),
        "a truth or a reference. Give one",
    ),
    "view alone": (case("{a}", "{b}", "--view", "{text}"), "Give --scan beside --view"),
    "missing scan": (case("{a}", "--scan", "{here}/no.cxi"), "is not there. Give the CXI"),
    "pixel of nobody": (case("{a}", "{b}", "--pixel-size", "z=2e-8"), "names no row"),
    "pixel of nothing": (case("{a}", "{b}", "--pixel-size", "0"), "must be a length"),
    "pixels far apart": (
        case("{a}", "{b}", "--pixel-size", "a=1e-8", "b=5e-8"),
        "differ by more than a factor of 4",
    ),
    "beside": (case("{a}", "{far}", "--placement", "file"), "The objects share 0 x 224 px"),
    "no place": (case("{a}", "{d}", "--placement", "file"), "does not say where it lies"),
    "erosion": (case("{a}", "{b}", "--erosion-px", "-1"), "--erosion-px"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_explained_and_nothing_is_written(kind, files, tmp_path, capsys):
    words, message = BAD[kind]
    (tmp_path / "hello.txt").write_text("hello")
    far = ObjectWindow(read_object(files / "a.h5").object_, (5000, 40))
    write_object(tmp_path / "far.h5", far)
    names = {
        "a": files / "a.h5",
        "b": files / "b.h5",
        "d": files / "d.npy",
        "truth": files / "truth.h5",
        "here": tmp_path,
        "text": tmp_path / "hello.txt",
        "far": tmp_path / "far.h5",
    }
    out = tmp_path / "out"
    filled = [word.format(**names) for word in words]
    assert main(["score", *filled, "--out", str(out)]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_a_folder_that_is_a_file_is_refused(files, tmp_path, capsys):
    (tmp_path / "out").write_text("hello")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        words = [str(files / "a.h5"), str(files / "b.h5"), "--out", str(out)]
        assert main(["score", *words]) == 2
        assert "is a file, not a folder" in " ".join(capsys.readouterr().err.split())


def test_an_object_that_does_not_fit_where_its_file_says_is_looked_for(files, tmp_path, capsys):
    moved = ObjectWindow(read_object(files / "a.h5").object_, (70, 90))
    write_object(tmp_path / "moved.h5", moved)
    words = [str(tmp_path / "moved.h5"), "--truth", str(files / "truth.h5")]
    assert main(["score", *words, "--out", str(tmp_path / "out")]) == 0
    assert "where its file says, so it was looked for" in capsys.readouterr().out
    placed = json.loads((tmp_path / "out" / RECORD_NAME).read_text())["placement"]["moved"]
    assert placed["source"] == "found"


def test_an_object_of_another_sample_stays_where_its_file_says_and_is_flagged(
    files, tmp_path, capsys
):
    other = ObjectWindow(np.load(files / "d.npy"), (30, 40))
    write_object(tmp_path / "other.h5", other)
    words = [str(tmp_path / "other.h5"), "--truth", str(files / "truth.h5")]
    assert main(["score", *words, "--out", str(tmp_path / "out")]) == 0
    assert "and was not found elsewhere either" in capsys.readouterr().out
    assert "not found elsewhere" in (tmp_path / "out" / PAGE_NAME).read_text()


def test_a_folder_that_cannot_be_written_to_is_refused(files, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tasks.compare.score.rows.os.access", lambda *_: False)
    words = [str(files / "a.h5"), str(files / "b.h5"), "--out", str(tmp_path / "out")]
    assert main(["score", *words]) == 2
    assert "cannot be written to" in " ".join(capsys.readouterr().err.split())
