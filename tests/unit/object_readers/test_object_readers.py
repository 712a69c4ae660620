"""Objects of every format are read as they were written, and bad files are refused in words."""

import h5py
import numpy as np
import pytest
import tifffile
from scipy.io import savemat

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_record import Geometry
from tasks.export import Exported
from tasks.export.__main__ import FORMATS
from tasks.object_readers import READERS, read_stored_object

ORIGIN = (5, 11)
KNOWN, UNKNOWN = Geometry(8800.0, 1.92, 75e-6), Geometry.placeholder(16)
# Pictures to look at, of 8 bits between two percentiles, are no objects.
READABLE = [name for name in FORMATS if name != "png"]


@pytest.fixture
def object_():
    rng = np.random.default_rng(3)
    values = rng.standard_normal((41, 36)) + 1j * rng.standard_normal((41, 36))
    return (1 + 0.2 * values).astype(np.complex64)


def exported(object_, geometry):
    rng = np.random.default_rng(4)
    modes = rng.standard_normal((2, 16, 16)) + 1j
    positions = rng.uniform(12, 30, (7, 2)) + np.array(ORIGIN)
    return Exported("A", ObjectWindow(object_, ORIGIN), modes, positions, geometry)


def without_phase(values):
    return values * np.exp(-1j * np.angle(values.sum()))


@pytest.mark.parametrize("geometry", [KNOWN, UNKNOWN], ids=["metres", "pixels"])
@pytest.mark.parametrize("name", READABLE)
def test_an_export_is_read_back_with_its_place_and_pixel(name, geometry, object_, tmp_path):
    made = exported(object_, geometry)
    path = FORMATS[name].write(made, tmp_path)[0]
    found = read_stored_object(path)
    assert found.format_name == name
    assert found.object_.shape == object_.shape
    # A TIFF has amplitude and phase of 32 bits, its mean phase taken out.
    values = without_phase(found.object_) if name == "tiff" else found.object_
    expected = without_phase(object_) if name == "tiff" else object_
    np.testing.assert_allclose(values, expected, rtol=0, atol=2e-6 if name == "tiff" else 0)
    assert found.origin_px == pytest.approx(ORIGIN, abs=1e-6)
    if geometry.is_known:
        assert found.pixel_m == pytest.approx(made.pixel_m, rel=1e-4 if name == "tiff" else 1e-9)
    else:
        assert found.pixel_m is None


def test_our_own_object_is_read_with_its_place(object_, tmp_path):
    write_object(tmp_path / "a.h5", ObjectWindow(object_, ORIGIN))
    found = read_stored_object(tmp_path / "a.h5")
    np.testing.assert_array_equal(found.object_, object_)
    assert (found.format_name, found.pixel_m, found.origin_px) == ("phase-g", None, ORIGIN)


def write_matlab_7(path, values, name="object"):
    with h5py.File(path, "w", userblock_size=512) as file:
        pairs = np.empty(values.T.shape, dtype=[("real", "f8"), ("imag", "f8")])
        pairs["real"], pairs["imag"] = values.T.real, values.T.imag
        file[name] = pairs
        file[name].attrs["MATLAB_class"] = np.bytes_("double")


def write_cdtools(path, values):
    with h5py.File(path, "w") as file:
        file["obj"], file["probe"] = values, np.ones((2, 16, 16), dtype=complex)
        file["obj_basis"] = np.array([[0, -2e-8], [-2e-8, 0], [0, 0]])


def write_ptypy(path, values):
    with h5py.File(path, "w") as file:
        storage = file.create_group("content/obj/Sscan_00G00")
        storage["data"], storage["_psize"] = values[None], [2e-8, 2e-8]
        storage["_origin"] = [-4e-7, -5e-7]


def write_ptychi(path, values):
    with h5py.File(path, "w") as file:
        file["object"], file["probe"] = values[None], np.ones((1, 16, 16), dtype=complex)
        file["object"].attrs["pixel_height_m"] = 2e-8


WRITERS = {
    "a.npy": (np.save, "numpy", None),
    "a.npz": (
        lambda path, values: np.savez(path, objectGuess=values, probe=values[:16]),
        "numpy",
        None,
    ),
    "a.mat": (lambda path, values: savemat(path, {"obj": values, "n": 3.0}), "matlab", None),
    "b.mat": (write_matlab_7, "matlab", None),
    "cd.h5": (write_cdtools, "cdtools", 2e-8),
    "real.ptyr": (write_ptypy, "ptyr", 2e-8),
    "chi.h5": (write_ptychi, "ptychodus", 2e-8),
}


@pytest.mark.parametrize("file", WRITERS)
def test_objects_of_other_programs_are_read(file, object_, tmp_path):
    write, name, pixel_m = WRITERS[file]
    write(tmp_path / file, object_)
    found = read_stored_object(tmp_path / file)
    np.testing.assert_array_equal(found.object_, object_)
    assert found.format_name == name
    assert found.pixel_m == (None if pixel_m is None else pytest.approx(pixel_m))
    if name == "ptyr":
        assert found.origin_px == pytest.approx((-20, -25))


def test_axes_of_length_one_are_dropped(object_, tmp_path):
    np.save(tmp_path / "a.npy", object_[None, None, :, :, None])
    np.testing.assert_array_equal(read_stored_object(tmp_path / "a.npy").object_, object_)


def save_h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values


BAD = {
    "real": (lambda p, o: np.save(p, o.real), "must be complex, got float32"),
    "layers": (lambda p, o: np.save(p, np.stack([o, o])), "several layers or objects"),
    "line": (lambda p, o: np.save(p, o[0]), "at least 16 x 16 px"),
    "nan": (lambda p, o: np.save(p, np.where(o.real > 1.5, np.nan, o)), "are not finite"),
    "zero": (lambda p, o: np.save(p, 0 * o), "is zero everywhere"),
    "python": (lambda p, _: np.save(p, np.array([{}], dtype=object)), "Python objects"),
    "text": (lambda p, _: p.write_text("hello"), "cannot be read as NumPy arrays"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_object_is_refused(kind, object_, tmp_path):
    write, message = BAD[kind]
    write(tmp_path / "a.npy", object_)
    with pytest.raises(ValueError, match=message):
        read_stored_object(tmp_path / "a.npy")


def test_several_candidates_are_named(object_, tmp_path):
    np.savez(tmp_path / "a.npz", one=object_, two=object_)
    with pytest.raises(ValueError, match="several complex arrays: one, two"):
        read_stored_object(tmp_path / "a.npz")
    save_h5(tmp_path / "a.h5", first=object_, second=object_)
    with pytest.raises(ValueError, match="several complex arrays: first, second"):
        read_stored_object(tmp_path / "a.h5")


def test_several_storages_of_ptypy_are_named(object_, tmp_path):
    save_h5(
        tmp_path / "a.ptyr", **{f"content/obj/{name}/data": object_[None] for name in ("S0", "S1")}
    )
    with pytest.raises(ValueError, match="has 2 objects in content/obj: S0, S1"):
        read_stored_object(tmp_path / "a.ptyr")


def test_a_missing_file_and_an_unknown_format_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"is not there\. Give the path"):
        read_stored_object(tmp_path / "a.npy")
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"of no known format\. Known are phase-g"):
        read_stored_object(tmp_path / "a.txt")


def test_a_link_to_another_folder_is_refused(object_, tmp_path):
    secret, here = tmp_path / "secret.h5", tmp_path / "here"
    here.mkdir()
    save_h5(secret, object=object_)
    with h5py.File(here / "a.h5", "w") as file:
        file["object"] = h5py.ExternalLink("../secret.h5", "object")
    with pytest.raises(ValueError, match="lies outside the data root"):
        read_stored_object(here / "a.h5")


def test_half_a_pair_of_tiff_is_refused(object_, tmp_path):
    tifffile.imwrite(tmp_path / "a_amplitude.tif", np.abs(object_))
    with pytest.raises(ValueError, match=r"a_phase.tif is missing. A TIFF holds real"):
        read_stored_object(tmp_path / "a_amplitude.tif")


def test_every_format_is_described():
    assert all(reader.says for reader in READERS.values())


def test_a_file_that_is_cut_short_is_refused(object_, tmp_path):
    write_object(tmp_path / "a.h5", ObjectWindow(object_, ORIGIN))
    content = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="copy it again"):
        read_stored_object(tmp_path / "a.h5")
    np.save(tmp_path / "a.npy", object_)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:500])
    with pytest.raises(ValueError, match="cut short"):
        read_stored_object(tmp_path / "a.npy")
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(ValueError, match=r"cannot be read as a MATLAB file|holds no complex array"):
        read_stored_object(tmp_path / "a.mat")
    (tmp_path / "a_amplitude.tif").write_bytes(b"II*\0")
    (tmp_path / "a_phase.tif").write_bytes(b"II*\0")
    with pytest.raises(ValueError, match="cannot be read as TIFF"):
        read_stored_object(tmp_path / "a_phase.tif")
