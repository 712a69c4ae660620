"""Exports: what is written comes back, to the precision of the format."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import ELECTRONVOLT_J, Geometry, Scan
from tasks.export import Exported, parts_of, read_exported
from tasks.export.__main__ import FORMATS, main

N_PX = 16
KNOWN = Geometry(8800.0, 1.92, 75e-6)
GEOMETRIES = [KNOWN, Geometry.placeholder(N_PX)]


def smooth(shape, rng):
    values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return (1 + 0.2 * values).astype(np.complex64)


@pytest.fixture(params=GEOMETRIES, ids=["metres", "pixels"])
def exported(request, rng):
    positions = rng.uniform(12, 30, (7, 2)) + np.array([3, 9])
    modes = (rng.standard_normal((2, N_PX, N_PX)) + 1j).astype(np.complex128)
    window = ObjectWindow(smooth((41, 36), rng), (5, 11))
    return Exported("ptychi", window, modes, positions, request.param)


def read_cxi(file):
    source, detector = (file[f"entry_1/instrument_1/{name}_1"] for name in ("source", "detector"))
    data, translation = file["entry_1/image_1/data"], "entry_1/sample_1/geometry_1/translation"
    energy_ev = source["energy"][()] / ELECTRONVOLT_J
    geometry = Geometry(energy_ev, detector["distance"][()], detector["x_pixel_size"][()])
    pixel_m = geometry.object_pixel_m(N_PX)
    return {
        "object": data[()],
        "origin_px": data.attrs["origin_px"],
        "modes": source["illumination"][()],
        "positions_px": -file[translation][()][:, 1::-1] / pixel_m,
        "pixel_m": pixel_m,
        "energy_ev": energy_ev,
        "is_known": "geometry_is_placeholder" not in detector.attrs,
        "name": file["entry_1/image_1/process_1/command"].asstr()[()],
    }


def read_ptychodus(file):
    object_ = file["object"]
    pixel_m = object_.attrs["pixel_height_m"]
    centre_px = np.array([object_.attrs[f"center_{axis}_m"] for axis in "yx"]) / pixel_m
    positions_m = [file[f"probe_position_{axis}_m"][()] for axis in "yx"]
    return {
        "object": object_[0],
        "origin_px": np.rint(centre_px - np.array(object_.shape[1:]) / 2),
        "modes": file["probe"][0],
        "positions_px": np.stack(positions_m, axis=1) / pixel_m,
        "pixel_m": pixel_m,
        "energy_ev": file.attrs["probe_energy_eV"],
        "is_known": not file.attrs["comments"],
        "name": file.attrs["name"],
    }


def read_ptyr(file):
    storage = file["content/obj/Sscan_00G00"]
    pixel_m = storage["_psize"][0]
    return {
        "object": storage["data"][0],
        "origin_px": np.rint(storage["_origin"][()] / pixel_m),
        "modes": file["content/probe/Sscan_00G00/data"][()],
        "positions_px": file["content/positions"][()] / pixel_m,
        "pixel_m": pixel_m,
        "energy_ev": storage["_energy"][()] * 1e3,
        "is_known": file["content/geometry/is_known"][()],
        "name": file["header/description"].asstr()[()],
    }


READERS = {"cxi": read_cxi, "ptychodus": read_ptychodus, "ptyr": read_ptyr}


@pytest.mark.parametrize("name", READERS)
def test_an_export_comes_back_without_a_loss(exported, name, tmp_path):
    (path,) = FORMATS[name].write(exported, tmp_path)
    with h5py.File(path) as file:
        found = READERS[name](file)
    np.testing.assert_array_equal(found["object"], exported.window.object_)
    assert found["object"].dtype == np.complex64
    np.testing.assert_array_equal(found["origin_px"], exported.window.origin_px)
    np.testing.assert_array_equal(found["modes"], exported.probe_modes)
    np.testing.assert_allclose(found["positions_px"], exported.positions_px, rtol=1e-12)
    assert found["is_known"] == exported.geometry.is_known
    assert found["pixel_m"] == pytest.approx(exported.stored_pixel_m, rel=1e-12)
    assert found["energy_ev"] == pytest.approx(exported.geometry.energy_ev, rel=1e-12)
    assert found["name"] == "ptychi"


def test_ptychodus_finds_the_middle_of_the_patch_that_a_position_means(exported, tmp_path):
    (path,) = FORMATS["ptychodus"].write(exported, tmp_path)
    with h5py.File(path) as file:
        for axis, letter in enumerate("yx"):
            centre = file["object"].attrs[f"center_{letter}_m"]
            pixel = file["object"].attrs["pixel_height_m"]
            extent = file["object"].shape[1 + axis]
            pixels = (file[f"probe_position_{letter}_m"][()] - centre) / pixel + (extent - 1) / 2
            inside = exported.positions_px[:, axis] - exported.window.origin_px[axis] - 0.5
            np.testing.assert_allclose(pixels, inside, atol=1e-6)


def test_tiff_holds_floats_and_the_pixel_size(exported, tmp_path):
    paths = FORMATS["tiff"].write(exported, tmp_path)
    expected = parts_of(exported.window.object_)
    for path, image in zip(paths, expected.values(), strict=True):
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            found, facts = page.asarray(), file.imagej_metadata
            counts, per = page.tags["XResolution"].value
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, image.astype(np.float32))
        if exported.geometry.is_known:
            assert facts["unit"] == "um"
            assert per / counts * 1e-6 == pytest.approx(exported.pixel_m, rel=1e-5)
        else:
            assert facts["unit"] == "pixel"
        assert facts["origin_row_px"] == 5


def test_png_spans_its_range_and_says_which(exported, tmp_path):
    amplitude, phase = FORMATS["png"].write(exported, tmp_path)
    with Image.open(amplitude) as image:
        values, text = np.asarray(image), image.text
    assert values.shape == (41, 36)
    assert (values.min(), values.max()) == (0, 255)
    low, high = float(text["black"]), float(text["white"])
    wanted = np.clip((np.abs(exported.window.object_) - low) / (high - low), 0, 1)
    np.testing.assert_allclose(values / 255, wanted, atol=0.01)
    assert text["pixel"] == ("unknown" if not exported.geometry.is_known else text["pixel"])
    assert phase.is_file()


def write_hub_files(folder, rng, shift=0.0):
    positions = rng.uniform(12, 28, (9, 2)) + shift
    counts = np.ones((9, N_PX, N_PX), np.uint16)
    probe = 10 * np.ones((N_PX, N_PX), np.complex128)
    write_scan(folder / "test.cxi", Scan(counts, positions, probe, KNOWN, {}))
    write_object(folder / "ptychi.h5", ObjectWindow(smooth((40, 40), rng), (2, 2)))


def test_the_command_line_writes_every_format(tmp_path, rng, capsys):
    write_hub_files(tmp_path, rng)
    words = [str(tmp_path / "ptychi.h5"), "--scan", str(tmp_path / "test.cxi")]
    assert main([*words, "--folder", str(tmp_path / "out")]) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {
        *("ptychi.cxi", "ptychi_product.h5", "ptychi.ptyr"),
        *("ptychi_amplitude.tif", "ptychi_phase.tif"),
        *("ptychi_amplitude.png", "ptychi_phase.png"),
    }
    assert len(capsys.readouterr().out.splitlines()) == len(written)
    again = read_exported(tmp_path / "ptychi.h5", tmp_path / "test.cxi")
    with h5py.File(tmp_path / "out/ptychi.cxi") as file:
        np.testing.assert_array_equal(read_cxi(file)["object"], again.window.object_)


def test_an_unknown_format_and_a_foreign_scan_are_refused(tmp_path, rng, capsys):
    write_hub_files(tmp_path, rng, shift=60.0)
    words = [str(tmp_path / "ptychi.h5"), "--scan", str(tmp_path / "test.cxi")]
    words += ["--folder", str(tmp_path / "out")]
    assert main([*words, "--formats", "jpeg"]) == 2
    assert "Choose from cxi" in capsys.readouterr().err
    assert main(words) == 2
    assert "Name the scan that it was reconstructed from" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_phase_of_an_export_does_not_wrap_about_its_mean(rng):
    object_ = np.exp(1j * (np.pi + rng.uniform(-0.5, 0.5, (8, 8))))
    assert np.abs(parts_of(object_)["phase"]).max() < 1.1
    turned = replace(ObjectWindow(object_, (0, 0))).object_ * 1j
    np.testing.assert_allclose(parts_of(turned)["phase"], parts_of(object_)["phase"], atol=1e-9)
