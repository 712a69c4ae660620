import h5py
import numpy as np
import pytest

from tasks.core.files.atomic_files import (
    atomic_path,
    open_hdf5,
    read_json,
    sha256_of,
    write_json,
    write_npz,
    write_text,
)
from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import map_view, read_scan
from tasks.core.files.scan_record import ELECTRONVOLT_J, Geometry, Scan
from tasks.core.geometry.patches import Window
from tasks.core.study.hub_layout import Condition, dose_label
from tasks.core.study.stage_record import FileRef


@pytest.fixture
def scan(rng):
    return Scan(
        diffraction_counts=rng.poisson(3.0, size=(20, 16, 16)).astype(np.uint16),
        positions_px=rng.uniform(10, 60, size=(20, 2)),
        probe=rng.standard_normal((16, 16)) + 1j * rng.standard_normal((16, 16)),
        geometry=Geometry(energy_ev=8000.0, distance_m=2.0, detector_pixel_m=75e-6),
        provenance={"seed": 1},
    )


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "folder" / "result.txt"
    write_text(path, "first")

    def write_half():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "first"
    assert [file.name for file in path.parent.iterdir()] == ["result.txt"]


def test_json_refuses_what_is_not_json(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"value": np.float64(1.0), "array": np.ones(2)})
    assert not list(tmp_path.iterdir())


def test_json_that_was_cut_short_is_named_with_the_cure(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1')
    with pytest.raises(ValueError, match=r"a\.json is not valid JSON.*delete it"):
        read_json(tmp_path / "a.json")


def test_a_truncated_hdf5_is_named_with_the_cure(tmp_path, scan):
    path = tmp_path / "scan.cxi"
    write_scan(path, scan)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"scan\.cxi cannot be read.*delete it"):
        read_scan(path)


def test_an_hdf5_of_another_kind_is_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["something"] = 1
    with pytest.raises(ValueError, match="another kind"):
        read_object(tmp_path / "other.h5")
    with pytest.raises(ValueError, match="missing"), open_hdf5(tmp_path / "none.h5"):
        pass


def test_a_scan_comes_back_as_it_was(tmp_path, scan):
    write_scan(tmp_path / "scan.cxi", scan)
    read = read_scan(tmp_path / "scan.cxi")
    np.testing.assert_array_equal(read.diffraction_counts, scan.diffraction_counts)
    np.testing.assert_allclose(read.positions_px, scan.positions_px, atol=1e-9)
    np.testing.assert_array_equal(read.probe, scan.probe)
    assert read.geometry.energy_ev == pytest.approx(8000.0)
    assert read.provenance == {"seed": 1}
    assert read.diffraction_counts.dtype == np.uint16


def test_a_scan_is_standard_cxi_in_si_units(tmp_path, scan):
    write_scan(tmp_path / "scan.cxi", scan)
    with h5py.File(tmp_path / "scan.cxi") as file:
        entry = file["entry_1"]
        assert entry["instrument_1/source_1/energy"][()] == pytest.approx(8000 * ELECTRONVOLT_J)
        assert entry["data_1/data"].shape == (20, 16, 16)
        assert entry["instrument_1/detector_1/translation"].shape == (20, 3)
        wavelength = 12398.4198 / 8000 * 1e-10
        pixel = wavelength * 2.0 / (16 * 75e-6)
        moved = entry["sample_1/geometry_1/translation"][0]
    np.testing.assert_allclose(moved[:2], -scan.positions_px[0, ::-1] * pixel, rtol=1e-8)


def test_the_same_scan_makes_the_same_bytes(tmp_path, scan):
    write_scan(tmp_path / "a.cxi", scan)
    write_scan(tmp_path / "b.cxi", scan)
    assert sha256_of(tmp_path / "a.cxi") == sha256_of(tmp_path / "b.cxi")
    write_npz(tmp_path / "a.npz", x=np.ones(3))
    write_npz(tmp_path / "b.npz", x=np.ones(3))
    assert sha256_of(tmp_path / "a.npz") == sha256_of(tmp_path / "b.npz")


def test_a_view_takes_its_exposures_and_refuses_another_scan(tmp_path, scan):
    write_scan(tmp_path / "scan.cxi", scan)
    view = {"view": "dense", "n_exposures": 20, "indices": [1, 5]}
    write_json(tmp_path / "view.json", view)
    part = map_view(tmp_path / "scan.cxi", tmp_path / "view.json")
    np.testing.assert_array_equal(part.diffraction_counts, scan.diffraction_counts[[1, 5]])
    write_json(tmp_path / "view.json", view | {"n_exposures": 19})
    with pytest.raises(ValueError, match="Make the view again"):
        map_view(tmp_path / "scan.cxi", tmp_path / "view.json")


def test_an_object_comes_back_with_its_place(tmp_path, rng):
    window = ObjectWindow(rng.standard_normal((5, 6)) + 0j, (10, 20), {"arm": "x"})
    write_object(tmp_path / "o.h5", window)
    read = read_object(tmp_path / "o.h5")
    np.testing.assert_array_equal(read.object_, window.object_)
    assert (read.origin_px, read.facts) == ((10, 20), {"arm": "x"})


def test_a_window_is_cut_in_the_frame_and_nan_outside():
    window = ObjectWindow(np.arange(12.0).reshape(3, 4) + 0j, (10, 20))
    part = window.cut(Window((9, 21), (3, 5)))
    assert np.isnan(part[0]).all()
    np.testing.assert_array_equal(part[1, :3], [1, 2, 3])
    assert np.isnan(part[1, 3:]).all()
    assert np.isnan(window.cut(Window((100, 100), (2, 2)))).all()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a\\b", "a/../../b"])
def test_files_of_a_hub_never_lie_outside(path):
    with pytest.raises(ValueError, match="relative to the hub"):
        FileRef(path=path, sha256="0", size_bytes=0)


def test_a_reference_notices_a_changed_byte(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    ref = FileRef.of(tmp_path, "a.bin")
    assert ref.is_intact(tmp_path)
    (tmp_path / "a.bin").write_bytes(b"abd")
    assert not ref.is_intact(tmp_path)
    (tmp_path / "a.bin").unlink()
    assert not ref.is_intact(tmp_path)


def test_doses_name_their_folders():
    assert [dose_label(d) for d in (1e3, 1e5, 1e6, 2.5)] == [
        "dose_1000",
        "dose_100000",
        "dose_1000000",
        "dose_2.5",
    ]
    condition = Condition(1e3, "dense")
    assert condition.analysis_folder("test") == "analysis/dose_1000/dense/test"
    assert condition.training_folder("baseline", 32) == (
        "data/phase_e/dose_1000/dense/baseline/gs32"
    )
