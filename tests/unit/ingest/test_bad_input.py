"""What cannot be read, or must not be, is refused with its name and its cure."""

import bz2
import zipfile

import h5py
import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tasks.core.files.archive import read_arrays
from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_scan import open_scan


def opened(path, **options):
    return open_scan(path, IngestParams.model_validate({"file": path, **options}))


def changed(path, name, **arrays):
    """Write an NPZ again with some arrays changed."""
    with np.load(path) as held:
        np.savez(name, **({key: held[key] for key in held} | arrays))
    return name


def test_a_pickle_inside_an_npz_is_never_loaded(written, tmp_path):
    path, options = written("ptychopinn")
    objects = np.array([{"run": "me"}, None], dtype=object)
    with np.load(path) as held:
        np.savez(tmp_path / "p.npz", **{key: held[key] for key in held}, extra=objects)
    with pytest.raises(ValueError, match=r"Python objects in extra.*Save plain arrays"):
        opened(tmp_path / "p.npz", **options)


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_bomb_is_refused_and_the_limit_named(tmp_path, packed):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, data=np.zeros((40, 512, 512), dtype=np.float32))
    if packed:
        plain = tmp_path / "plain.npz"
        np.savez(plain, data=np.zeros((40, 512, 512), dtype=np.float32))
        path = tmp_path / "bomb.npz.bz2"
        path.write_bytes(bz2.compress(plain.read_bytes()))
    assert path.stat().st_size < 2**20
    with pytest.raises(ValueError, match=r"more than 0.01 GiB.*--unpacked-limit-gib"):
        read_arrays(path, 0.01)


def test_a_header_that_promises_terabytes_allocates_nothing(tmp_path):
    path = tmp_path / "lie.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("data.npy", "w") as member:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 1000)}
        np.lib.format.write_array_header_1_0(member, header)
        member.write(b"\0" * 64)
    with pytest.raises(ValueError, match="more than 16 GiB"):
        read_arrays(path, 16.0)


@pytest.mark.parametrize("kept", [0.5, 0.97])
def test_archives_that_are_cut_short_are_refused(written, tmp_path, kept):
    path, options = written("arrays")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match=r"cannot be read as NumPy arrays.*copy it again"):
        opened(path, **options)


def test_an_hdf5_file_that_is_cut_short_is_refused(written):
    path, _ = written("cxi")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cannot be opened as HDF5.*copy it again"):
        opened(path)


def test_a_foreign_hdf5_file_is_refused_with_what_it_holds(tmp_path):
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["temperatures"] = [1.0, 2.0]
    with pytest.raises(ValueError, match=r"holds: temperatures.*--format"):
        opened(tmp_path / "foreign.h5")


def test_a_file_of_no_kind_is_refused(tmp_path):
    (tmp_path / "scan.tif").write_bytes(b"II*\0")
    with pytest.raises(ValueError, match="cannot be read as a TIFF"):
        opened(tmp_path / "scan.tif")


@pytest.mark.parametrize("kind", ["link", "virtual", "raw"])
def test_what_leads_out_of_the_data_root_is_refused(written, tmp_path, kind):
    path, _ = written("cxi")
    inside = tmp_path / "inside"
    inside.mkdir()
    name = "/entry_1/instrument_1/detector_1/data"
    with h5py.File(inside / "scan.cxi", "w") as file:
        file["cxi_version"] = 160
        if kind == "link":
            file["entry_1"] = h5py.ExternalLink(f"../{path.name}", "/entry_1")
        elif kind == "virtual":
            layout = h5py.VirtualLayout((100, 32, 32), np.uint16)
            layout[:] = h5py.VirtualSource(f"../{path.name}", name, (100, 32, 32))
            file.create_virtual_dataset(name, layout)
        else:
            raw = [(str(tmp_path / "secret.raw"), 0, 100 * 32 * 32 * 2)]
            file.create_dataset(name, (100, 32, 32), np.uint16, external=raw)
    with pytest.raises(ValueError, match=r"outside the data root.*--data-root"):
        opened(inside / "scan.cxi")


def test_a_link_through_two_files_is_refused_too(written, tmp_path):
    path, _ = written("cxi")
    inside = tmp_path / "inside"
    inside.mkdir()
    with h5py.File(inside / "second.h5", "w") as file:
        file["entry_1"] = h5py.ExternalLink(str(path), "/entry_1")
    with h5py.File(inside / "first.cxi", "w") as file:
        file["entry_1"] = h5py.ExternalLink("second.h5", "/entry_1")
    with pytest.raises(ValueError, match=r"second.h5 leads at entry_1.*outside the data root"):
        opened(inside / "first.cxi")


def test_a_file_outside_a_named_data_root_is_refused_even_through_a_symlink(written, tmp_path):
    path, _ = written("cxi")
    root = tmp_path / "root"
    root.mkdir()
    (root / "scan.cxi").symlink_to(path)
    with pytest.raises(ValueError, match="outside the data root"):
        opened(root / "scan.cxi", data_root=root)


def test_chunks_that_would_fill_the_memory_are_refused(tmp_path):
    with h5py.File(tmp_path / "huge.cxi", "w") as file:
        file.create_dataset(
            "entry_1/data_1/data", (20, 8192, 1024), np.float64, chunks=(20, 8192, 1024)
        )
    with pytest.raises(ValueError, match="1 GiB that one chunk may take"):
        opened(tmp_path / "huge.cxi")


@pytest.mark.parametrize(
    ("energy", "cure"),
    [(8000.0, r"in eV: then give --energy-ev 8000"), (8.0, r"in keV: then give --energy-ev 8000")],
)
def test_an_energy_in_another_unit_is_refused_and_the_unit_named(written, energy, cure):
    path, _ = written("cxi", energy=energy)
    with pytest.raises(ValueError, match=cure):
        opened(path)
    assert opened(path, energy_ev=8000.0).geometry.energy_ev == 8000.0


def test_the_energy_of_the_machine_is_never_that_of_the_photons(written):
    path, _ = written("nexus")
    with h5py.File(path, "a") as file:
        del file["entry_1/instrument_1/beam_1"]
    with pytest.raises(ValueError, match=r"Give --energy-ev; or"):
        opened(path)


def test_nexus_without_units_is_refused(written):
    path, _ = written("nexus")
    with h5py.File(path, "a") as file:
        del file["entry_1/sample_1/transformations/x"].attrs["units"]
    with pytest.raises(ValueError, match="no attribute `units`"):
        opened(path)


def test_positions_and_patterns_of_different_number_are_refused(written, tmp_path):
    path, options = written("ptychopinn")
    with np.load(path) as held:
        fewer = {"xcoords": held["xcoords"][:-3], "ycoords": held["ycoords"][:-3]}
    short = changed(path, tmp_path / "short.npz", **fewer)
    with pytest.raises(ValueError, match=r"100 patterns, but positions of shape \(97, 2\)"):
        opened(short, **options)


def test_positions_that_are_not_finite_are_refused(written, tmp_path):
    path, options = written("ptychopinn")
    broken = changed(path, tmp_path / "nan.npz", xcoords=np.full(100, np.nan))
    with pytest.raises(ValueError, match="100 of 100 positions are not finite"):
        opened(broken, **options)


def test_a_contradiction_of_pixel_and_geometry_is_refused(written):
    path, options = written("ptychodus")
    with pytest.raises(ValueError, match=r"states object pixels of .* One of them is wrong"):
        opened(path, **options, distance_m=4.0)


@pytest.mark.parametrize(
    ("section", "key", "cure"),
    [
        ("positions", "unit", "positions.unit"),
        ("positions", "moves", "positions.moves"),
        ("patterns", "values", "patterns.values"),
        ("patterns", "zero_frequency", "patterns.zero-frequency"),
        ("mask", "sense", "mask.sense"),
    ],
)
def test_a_layout_that_leaves_something_open_is_refused(written, tmp_path, section, key, cure):
    path, _ = written("arrays")
    layout = yaml.safe_load((tmp_path / "layout.yaml").read_text())
    del layout[section][key]
    (tmp_path / "open.yaml").write_text(yaml.safe_dump(layout))
    with pytest.raises(ValueError, match=cure):
        opened(path, layout={"file": tmp_path / "open.yaml"})


def test_what_nobody_says_is_asked_for_by_the_names_of_the_options(written):
    path, _ = written("ptychopinn")
    with pytest.raises(ValueError, match=r"--energy-ev, --distance-m, --detector-pixel-m; or"):
        opened(path)
    with pytest.raises(ValueError, match=r"patterns, but no positions.*--product.file"):
        opened(written("ptychodus")[0])


def test_arrays_without_a_layout_are_not_guessed(written, tmp_path):
    written("arrays")
    with pytest.raises(ValueError, match=r"--layout\.file"):
        opened(tmp_path / "arrays.npz")


def test_a_file_that_is_not_there_is_refused_before_anything_else(tmp_path):
    with pytest.raises(ValidationError, match="is not there"):
        IngestParams(file=tmp_path / "none.cxi")


def test_both_scales_at_once_are_refused(written):
    path, _ = written("cxi")
    both = {"photons_per_unit": 2.0, "photons_per_pattern": 1e4}
    with pytest.raises(ValidationError, match="Give one of them"):
        IngestParams.model_validate({"file": path, "patterns": both})
