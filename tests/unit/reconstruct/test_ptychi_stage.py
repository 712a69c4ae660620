import sys
import time

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import map_view, open_view
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.ptychi_stage import iterate

GRID = np.stack(np.meshgrid([20.0, 24, 28], [20.0, 24, 28], indexing="ij"), axis=-1).reshape(-1, 2)


def write(path, counts):
    probe = np.zeros((16, 16), dtype=complex)
    probe[4:13, 4:13] = 2
    write_scan(path, Scan(counts, GRID, probe, Geometry(8000.0, 2.0, 75e-6), {}))


@pytest.fixture
def files(tmp_path):
    write(tmp_path / "scan.cxi", np.full((9, 16, 16), 1, dtype=np.uint16))
    write_json(tmp_path / "view.json", {"view": "dense", "n_exposures": 9, "indices": [*range(9)]})
    outputs = {
        "reconstruction": "o.h5",
        "iterates": "i.h5",
        "history": "h.csv",
        "options": "o.json",
    }
    return StageFiles(
        {"scan": tmp_path / "scan.cxi", "view": tmp_path / "view.json"},
        {name: tmp_path / file for name, file in outputs.items()},
    )


@pytest.mark.parametrize(
    ("counts", "cure"),
    [
        (np.zeros((9, 16, 16), dtype=np.uint16), "zero everywhere"),
        (np.full((9, 16, 16), 500, dtype=np.uint16), "Give counts, not amplitudes"),
        (np.full((9, 16, 16), np.nan), "Mask or repair them"),
    ],
)
def test_bad_input_is_refused_before_torch_is_loaded_and_leaves_no_file(files, counts, cure):
    write(files.inputs["scan"], counts)
    loaded = "torch" in sys.modules
    with pytest.raises(ValueError, match=cure):
        iterate(PtyChiParams(), files, silent)
    assert ("torch" in sys.modules) == loaded
    assert not any(path.exists() for path in files.outputs.values())


def test_a_view_of_another_scan_is_refused(files):
    write_json(files.inputs["view"], {"view": "dense", "n_exposures": 8, "indices": [0, 1]})
    with pytest.raises(ValueError, match="Make the view again from this scan"):
        iterate(PtyChiParams(), files, silent)


def test_a_mapped_view_is_the_view_with_its_patterns_on_the_disk(files):
    write(files.inputs["scan"], np.arange(9 * 256, dtype=np.uint16).reshape(9, 16, 16))
    write_json(files.inputs["view"], {"view": "dense", "n_exposures": 9, "indices": [7, 2, 5]})
    paths = files.inputs["scan"], files.inputs["view"]
    mapped, whole = map_view(*paths), open_view(*paths)
    assert isinstance(mapped.diffraction_counts, np.memmap)
    assert mapped.diffraction_counts.dtype == whole.read().dtype
    np.testing.assert_array_equal(mapped.diffraction_counts, whole.read())
    np.testing.assert_array_equal(mapped.positions_px, whole.header.positions_px)
    assert mapped.provenance == whole.header.provenance


LOADING_S = 3.0


class SlowToLoad:
    """Finds no module, slowly."""

    def find_spec(self, name, _path, _target=None):
        if name == "tasks.reconstruct.ptychi_solver":
            time.sleep(LOADING_S)


@pytest.mark.slow
def test_loading_the_solver_is_no_work_of_the_solver(wide_scan, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "tasks.reconstruct.ptychi_solver", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SlowToLoad(), *sys.meta_path])
    names = ("reconstruction", "iterates", "history", "options")
    files = StageFiles(
        {"scan": wide_scan / "train.cxi", "view": wide_scan / "train.json"},
        {name: tmp_path / name for name in names},
    )
    started_s = time.perf_counter()
    facts = iterate(PtyChiParams(n_epochs=1), files, silent)
    assert time.perf_counter() - started_s > facts["solve_s"] + LOADING_S
