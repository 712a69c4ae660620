"""An arm of a run scored from its file has the numbers of the run's table."""

import numpy as np
import pytest

from tasks.compare.__main__ import main
from tasks.compare.alignment.gauge import Gauge, apply_gauge
from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.stage import compare
from tasks.core.files.metrics_table import COLUMNS, read_metrics_csv
from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.files.scan_reader import open_view
from tasks.core.geometry.patches import scan_box
from tasks.core.study.stage_record import StageFiles, silent
from tasks.export import read_exported
from tasks.export.cxi import write as write_cxi

ARMS = {"PtychoPINN": 0.05, "PtyChi": 0.1}


@pytest.fixture
def run(wide_scan, tmp_path):
    """Return the folder of a scan, two arms and the table of a comparison."""
    scan, view = wide_scan / "train.cxi", wide_scan / "train.json"
    header = open_view(scan, view).header
    box = scan_box(header.positions_px, header.n_px)
    part = read_object(wide_scan / "truth.h5").cut(box)
    rng = np.random.default_rng(5)
    for arm, noise in ARMS.items():
        values = rng.standard_normal(part.shape) + 1j * rng.standard_normal(part.shape)
        gauge = Gauge(0.9j, (0.01, -0.02), (0.2, -0.1))
        image = apply_gauge(part + noise * values, gauge)
        write_object(tmp_path / f"{arm}.h5", ObjectWindow(image, box.corner_px))
    inputs = {"scan": scan, "view": view, "truth": wide_scan / "truth.h5"}
    names = {
        "metrics": "run.csv",
        "plot": "run.png",
        "aligned": "run.npz",
        "comparison": "run.json",
    }
    files = StageFiles(
        inputs | {arm: tmp_path / f"{arm}.h5" for arm in ARMS},
        {key: tmp_path / name for key, name in names.items()},
    )
    compare(ComparisonParams(), files, silent)
    return tmp_path


def table_of(path):
    return {(row.model, row.metric): row for row in read_metrics_csv(path)}


@pytest.mark.parametrize("is_exported", [False, True], ids=["its own file", "CXI"])
def test_an_arm_has_the_numbers_of_its_run(is_exported, run, wide_scan):
    scan = wide_scan / "train.cxi"
    paths = {arm: run / f"{arm}.h5" for arm in ARMS}
    if is_exported:
        paths = {arm: write_cxi(read_exported(path, scan), run)[0] for arm, path in paths.items()}
    words = [f"{arm}={path}" for arm, path in paths.items()]
    words += ["--truth", str(wide_scan / "truth.h5"), "--scan", str(scan)]
    words += ["--view", str(wide_scan / "train.json"), "--out", str(run / "out")]
    assert main(["score", *words]) == 0
    expected, found = table_of(run / "run.csv"), table_of(run / "out/comparison_metrics.csv")
    assert set(expected) <= set(found)
    for key, row in expected.items():
        for part in COLUMNS[2:]:
            value = getattr(row, part)
            near = None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)
            assert getattr(found[key], part) == near, key
    truth, *arms = (
        found[name, "scan_deviance_per_px"].value for name in ("Oracle", "PtychoPINN", "PtyChi")
    )
    assert truth < arms[0] < arms[1], "more noise explains the patterns less well"


def test_the_truth_of_another_scan_is_refused(run, small_scan, wide_scan, capsys):
    words = [str(run / "PtyChi.h5"), "--truth", str(wide_scan / "truth.h5")]
    words += ["--scan", str(small_scan / "train.cxi"), "--out", str(run / "out")]
    assert main(["score", *words]) == 2
    assert not (run / "out").exists()
    assert "Error:" in capsys.readouterr().err


def test_an_object_smaller_than_what_the_scan_lights_is_refused(run, wide_scan, capsys):
    window = read_object(run / "PtyChi.h5")
    write_object(run / "small.h5", ObjectWindow(window.object_[:30, :30], window.origin_px))
    words = [str(run / "small.h5"), "--truth", str(wide_scan / "truth.h5")]
    words += ["--scan", str(wide_scan / "train.cxi"), "--out", str(run / "out")]
    assert main(["score", *words]) == 2
    assert "of the region, at least 50% is needed" in " ".join(capsys.readouterr().err.split())
    assert not (run / "out").exists()
