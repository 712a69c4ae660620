"""Objects that other programs have saved themselves: cdtools and Ptychodus.

pip puts their wheels alone into temporary folders, and child processes save with them.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Geometry
from tasks.core.study.stage_record import StageFiles, silent
from tasks.export import Exported, ptychodus
from tasks.object_readers import read_stored_object
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

CDTOOLS, PTYCHODUS = "cdtools-py==0.3.2", "ptychodus==1.7.0"
HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


def run_child(name, packages, *words):
    subprocess.run(
        [sys.executable, str(HERE / name), *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(packages)},
        check=True,
        capture_output=True,
        text=True,
    )


def test_a_model_saved_by_cdtools_is_read(installed, tmp_path):
    packages = installed(CDTOOLS)
    outputs = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    params = SimulationParams(
        photons_per_pattern=1e5, train_positions=(4, 4), test_positions=(5, 7), min_test_span_px=0
    )
    simulate(
        params, StageFiles({}, {key: tmp_path / name for key, name in outputs.items()}), silent
    )
    files = [tmp_path / name for name in ("test.cxi", "model.h5", "object.npy")]
    run_child("cdtools_object_child.py", packages, *files)
    found = read_stored_object(files[1])
    np.testing.assert_array_equal(found.object_, np.load(files[2]))
    pixel_m = params_pixel_m(files[0])
    assert found.format_name == "cdtools"
    assert found.pixel_m == pytest.approx(pixel_m, rel=1e-4)


def params_pixel_m(scan):
    from tasks.core.files.scan_file import read_scan_header

    header = read_scan_header(scan)
    return header.geometry.object_pixel_m(header.n_px)


def test_a_product_saved_by_ptychodus_is_read(installed, tmp_path):
    packages = installed(PTYCHODUS)
    rng = np.random.default_rng(5)
    values = rng.standard_normal((41, 36)) + 1j * rng.standard_normal((41, 36))
    window = ObjectWindow(values.astype(np.complex64), (5, 11))
    positions = rng.uniform(8, 28, (9, 2)) + np.array([5, 11])
    geometry = Geometry(8800.0, 1.92, 75e-6)
    exported = Exported("A", window, np.ones((1, 16, 16), dtype=complex), positions, geometry)
    (path,) = ptychodus.write(exported, tmp_path)
    run_child("ptychodus_save_child.py", packages, path, tmp_path / "saved.h5")
    found = read_stored_object(tmp_path / "saved.h5")
    np.testing.assert_array_equal(found.object_, window.object_)
    assert found.format_name == "ptychodus"
    assert found.pixel_m == pytest.approx(exported.pixel_m)
    assert found.origin_px == pytest.approx(window.origin_px, abs=1e-6)
