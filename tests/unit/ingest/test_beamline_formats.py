"""What beamlines and other programs write: the same scan comes back from every one of them."""

import h5py
import hdf5plugin
import numpy as np
import pytest
import scipy.io
import tifffile

from tasks.ingest.importers.layout import shipped_layouts
from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_scan import open_scan

LIGHT_EV_M = 1.23984198e-6


def opened(path, **options):
    return open_scan(path, IngestParams.model_validate({"file": path, **options}))


def metres(scan):
    return scan.positions_px * scan.geometry.object_pixel_m(scan.n_px)


def write_linked_ptyd(folder, scan):
    """PtyPy with save='link': each chunk a file of its own, whose root is the chunk."""
    with h5py.File(folder / "linked.ptyd", "w") as file:
        file["meta/energy"] = scan.geometry.energy_ev / 1e3
        file["meta/distance"] = scan.geometry.distance_m
        file["meta/psize"] = scan.geometry.detector_pixel_m
        for number, part in enumerate((slice(0, 33), slice(33, 80), slice(80, None))):
            name = f"linked.ptyd.part{number:03d}"
            with h5py.File(folder / name, "w") as chunk:
                chunk["data"] = scan.diffraction_counts[part]
                chunk["positions"] = metres(scan)[part]
                chunk["weights"] = np.ones((32, 32)) if number else np.empty(0)
            file[f"chunks/{number}"] = h5py.ExternalLink(name, "/")
    return folder / "linked.ptyd", {}


def write_nxptycho(folder, scan, names=("detector", "beam"), units="units"):
    """The public writer: no numbers, axes by names of its own, each with a vector."""
    path, geometry = folder / "public.nxs", scan.geometry
    with h5py.File(path, "w") as file:
        file["entry/definition"] = "NXptycho"
        detector = file.create_group(f"entry/instrument/{names[0]}")
        detector["data"] = scan.diffraction_counts
        beam = file.create_group(f"entry/instrument/{names[1]}")
        beam["energy"] = geometry.energy_ev / 1e3
        beam["energy"].attrs[units] = "keV"
        detector["distance"] = geometry.distance_m * 1e2
        detector["distance"].attrs[units] = "cm"
        for axis in "xy":
            detector[f"{axis}_pixel_size"] = geometry.detector_pixel_m * 1e6
            detector[f"{axis}_pixel_size"].attrs[units] = "\u00b5m"
        for column, name in ((0, "vertical"), (1, "horizontal")):
            motor = file.create_dataset(
                f"entry/sample/transformations/{name}", data=-metres(scan)[:, column] * 1e3
            )
            motor.attrs[units] = "millimetre"
            motor.attrs["vector"] = np.eye(3)[1 - column]
            motor.attrs["transformation_type"] = "translation"
    return path, {}


def write_old_nxptycho(folder, scan):
    return write_nxptycho(folder, scan, names=("Detector", "Beam"), units="unit")


def write_product(path, scan, order=None):
    """Ptychodus 1.7: photon_energy_eV, far_field."""
    order = np.arange(len(scan)) if order is None else order
    y, x = metres(scan)[order].T
    arrays = {
        "probe_position_x_m": x,
        "probe_position_y_m": y,
        "probe_position_indexes": order,
        "probe": scan.probe[None, None].astype(np.complex64),
        "object": np.ones((1, 90, 90), np.complex64),
    }
    facts = {
        "photon_energy_eV": scan.geometry.energy_ev,
        "detector_object_distance_m": scan.geometry.distance_m,
        "far_field": True,
    }
    pixel = scan.geometry.object_pixel_m(scan.n_px)
    sides = ("pixel_width_m", "pixel_height_m")
    if path.suffix == ".npz":
        sides = {f"{name}_{side}": pixel for name in ("probe", "object") for side in sides}
        np.savez(path, **arrays, **facts, **sides)
        return
    with h5py.File(path, "w") as file:
        file.attrs.update(facts)
        for name, values in arrays.items():
            file[name] = values
        for name in ("probe", "object"):
            file[name].attrs.update(dict.fromkeys(sides, pixel))


def write_cxi_product(path, scan, far_field=True):
    """Ptychodus' CXI: translations of the probe, the rest under entry_1/ptychodus."""
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 160
        file["entry_1/sample_1/geometry_1/translation"] = np.c_[
            metres(scan)[:, ::-1], np.zeros(len(scan))
        ]
        file["entry_1/instrument_1/source_1/energy"] = scan.geometry.energy_ev * 1.602176634e-19
        file["entry_1/instrument_1/detector_1/distance"] = scan.geometry.distance_m
        file["entry_1/image_1/data"] = scan.probe[None, None]
        extras = file.create_group("entry_1/ptychodus")
        extras["probe_position_indexes"] = np.arange(len(scan))
        extras["far_field"] = far_field
        pixel = scan.geometry.object_pixel_m(scan.n_px)
        for side in ("width", "height"):
            extras[f"object_pixel_{side}_m"] = pixel


def write_patterns(folder, scan):
    with h5py.File(folder / "dp.h5", "w") as file:
        file["dp"] = scan.diffraction_counts
    return folder / "dp.h5"


def write_product_hdf5(folder, scan):
    write_product(folder / "product.h5", scan, np.random.default_rng(3).permutation(len(scan)))
    return write_patterns(folder, scan), {"product": {"file": folder / "product.h5"}}


def write_product_npz(folder, scan):
    write_product(folder / "product.npz", scan)
    return write_patterns(folder, scan), {"product": {"file": folder / "product.npz"}}


def write_product_cxi(folder, scan):
    write_cxi_product(folder / "product.cxi", scan)
    return write_patterns(folder, scan), {"product": {"file": folder / "product.cxi"}}


def write_split_cxi(folder, scan):
    """Ptychodus 1.7 writes patterns and product as two CXI files."""
    write_cxi_product(folder / "product.cxi", scan)
    with h5py.File(folder / "diffraction.cxi", "w") as file:
        file["cxi_version"] = 160
        detector = file.create_group("entry_1/instrument_1/detector_1")
        detector["data"] = scan.diffraction_counts
        for axis in "xy":
            detector[f"{axis}_pixel_size"] = scan.geometry.detector_pixel_m
        file["entry_1/data_1/data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
    return folder / "diffraction.cxi", {"product": {"file": folder / "product.cxi"}}


def write_npy_with_product(folder, scan):
    write_product(folder / "product.h5", scan)
    np.save(folder / "patterns.npy", scan.diffraction_counts)
    return folder / "patterns.npy", {"product": {"file": folder / "product.h5"}}


def write_npy_with_text(folder, scan):
    """Positions with a header and a comment, split by spaces."""
    np.save(folder / "frames.npy", scan.diffraction_counts)
    np.savetxt(folder / "xy.txt", metres(scan)[:, ::-1] * 1e6, header="x y", fmt="%.9g")
    stated = {"file": folder / "xy.txt", "unit": "um", "order": "xy", "moves": "probe"}
    return folder / "frames.npy", {"positions": stated, **geometry_options(scan)}


def write_eiger(folder, scan):
    """A master, its frames bitshuffled in files beside it, in numbers beyond nine."""
    packed = hdf5plugin.Bitshuffle(cname="lz4")
    with h5py.File(folder / "scan_master.h5", "w") as file:
        for number in range(1, 12):
            name = f"scan_data_{number:06d}.h5"
            stop = 100 if number == 11 else number * 9
            frames = scan.diffraction_counts[(number - 1) * 9 : stop]
            with h5py.File(folder / name, "w") as part:
                part.create_dataset("entry/data/data", data=frames, chunks=(1, 32, 32), **packed)
            file[f"entry/data/data_{number:06d}"] = h5py.ExternalLink(name, "/entry/data/data")
        detector = file.create_group("entry/instrument/detector")
        detector["detector_distance"] = scan.geometry.distance_m
        for axis in "xy":
            detector[f"{axis}_pixel_size"] = scan.geometry.detector_pixel_m
        file["entry/instrument/beam/incident_wavelength"] = (
            LIGHT_EV_M / scan.geometry.energy_ev * 1e10
        )
        detector["detectorSpecific/pixel_mask"] = np.zeros((32, 32), np.uint32)
    positions = folder / "positions.csv"
    lines = [f"{y * 1e6!r},{x * 1e6!r}" for y, x in metres(scan).tolist()]
    positions.write_text("y_um,x_um\n" + "\n".join(lines))
    stated = {"file": positions, "unit": "um", "order": "yx", "moves": "probe"}
    return folder / "scan_master.h5", {"positions": stated}


def geometry_options(scan):
    names = ("energy_ev", "distance_m", "detector_pixel_m")
    return {name: getattr(scan.geometry, name) for name in names}


def write_tiff(folder, scan):
    tifffile.imwrite(
        folder / "scan.tif", scan.diffraction_counts.astype(np.uint16), photometric="minisblack"
    )
    with h5py.File(folder / "motors.h5", "w") as file:
        file["motors/sx"], file["motors/sy"] = (-metres(scan)[:, axis] * 1e9 for axis in (1, 0))
    stated = {"file": folder / "motors.h5", "dataset": "motors/sy,motors/sx"}
    stated |= {"unit": "nm", "moves": "sample"}
    return folder / "scan.tif", {"positions": stated, **geometry_options(scan)}


def write_fold_slice(folder, scan):
    """The APS' scripts in Python: (J, H, W), columns of positions, numbers are (1,)."""
    with h5py.File(folder / "data_roi0_dp.hdf5", "w") as file:
        file["dp"] = scan.diffraction_counts.astype(np.float32)
    with h5py.File(folder / "data_roi0_para.hdf5", "w") as file:
        file["ppY"], file["ppX"] = metres(scan).T[:, :, None]
        file["lambda"] = [LIGHT_EV_M / scan.geometry.energy_ev]
        file["dx"] = [scan.geometry.object_pixel_m(scan.n_px)]
    options = {"product": {"file": folder / "data_roi0_para.hdf5"}}
    return folder / "data_roi0_dp.hdf5", options | {"distance_m": scan.geometry.distance_m}


def write_ptyrad(folder, scan):
    write_patterns(folder, scan)
    with h5py.File(folder / "para.h5", "w") as file:
        file["ppY"], file["ppX"] = metres(scan).T * 1e10
    options = {"product": {"file": folder / "para.h5"}, "layout": {"name": "ptyrad"}}
    return folder / "dp.h5", options | geometry_options(scan)


def write_hxn(folder, scan):
    """ptycho_gui: amplitudes, the zero frequency in the corner, points (2, J) in um."""
    with h5py.File(folder / "scan_1.h5", "w") as file:
        shifted = np.fft.ifftshift(scan.diffraction_counts, axes=(1, 2))
        file["diffamp"] = np.sqrt(shifted.astype(np.float64))
        file["points"] = metres(scan).T[::-1] * 1e6
        file["lambda_nm"] = LIGHT_EV_M / scan.geometry.energy_ev * 1e9
        file["z_m"] = scan.geometry.distance_m
        file["ccd_pixel_um"] = scan.geometry.detector_pixel_m * 1e6
    return folder / "scan_1.h5", {}


def write_ptylab(folder, scan):
    with h5py.File(folder / "ptylab.hdf5", "w") as file:
        file["ptychogram"] = scan.diffraction_counts
        file["encoder"] = metres(scan)
        file["wavelength"] = (LIGHT_EV_M / scan.geometry.energy_ev,)
        file["zo"], file["dxd"] = (scan.geometry.distance_m,), scan.geometry.detector_pixel_m
    return folder / "ptylab.hdf5", {}


def write_tike(folder, scan):
    shifted = np.fft.ifftshift(scan.diffraction_counts, axes=(1, 2))
    probe = scan.probe[None, None, None]
    np.savez(folder / "tike.npz", data=shifted[None], scan=scan.positions_px[None], probe=probe)
    return folder / "tike.npz", {"layout": {"name": "tike"}}


MATLAB_LAYOUT = """
patterns: {array: fmag, axes: yxn, values: amplitude, zero_frequency: centre}
positions: {array: p/positions, unit: nm, order: xy, moves: sample}
mask: {array: bad, sense: zero_is_good}
probe: {array: probe, axes: yxm}
geometry:
  energy: {array: p/energy, unit: keV}
  distance: {array: p/z, unit: m}
  detector_pixel: {array: p/pixel, unit: um}
"""


def matlab_arrays(scan):
    return {
        "fmag": np.moveaxis(np.sqrt(scan.diffraction_counts.astype(np.float64)), 0, -1),
        "bad": np.zeros((32, 32), np.uint8),
        "probe": np.stack([scan.probe, 0.1 * scan.probe], axis=-1),
        "p": {
            "positions": -metres(scan)[:, ::-1] * 1e9,
            "energy": scan.geometry.energy_ev / 1e3,
            "z": scan.geometry.distance_m,
            "pixel": scan.geometry.detector_pixel_m * 1e6,
        },
    }


def write_mat_5(folder, scan):
    (folder / "matlab.yaml").write_text(MATLAB_LAYOUT)
    scipy.io.savemat(folder / "five.mat", matlab_arrays(scan), do_compression=True)
    return folder / "five.mat", {"layout": {"file": folder / "matlab.yaml"}}


def write_mat_7_3(folder, scan):
    """HDF5 behind MATLAB's text, axes the other way round, complex numbers as pairs."""
    (folder / "matlab.yaml").write_text(MATLAB_LAYOUT)
    path = folder / "seven.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in matlab_arrays(scan).items():
            fields = values if isinstance(values, dict) else {"": values}
            for key, value in fields.items():
                array = np.atleast_2d(np.asarray(value)).T
                if np.iscomplexobj(array):
                    pairs = np.empty(array.shape, [("real", "f8"), ("imag", "f8")])
                    pairs["real"], pairs["imag"] = array.real, array.imag
                    array = pairs
                file[f"{name}/{key}".strip("/")] = array
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, written by a test")
    return path, {"layout": {"file": folder / "matlab.yaml"}}


WRITERS = {
    "linked ptyd": ("ptyd", write_linked_ptyd),
    "NXptycho": ("nexus", write_nxptycho),
    "older NXptycho": ("nexus", write_old_nxptycho),
    "product in HDF5": ("ptychodus", write_product_hdf5),
    "product in NPZ": ("ptychodus", write_product_npz),
    "product in CXI": ("ptychodus", write_product_cxi),
    "patterns and product in CXI": ("cxi", write_split_cxi),
    "patterns in NPY": ("ptychodus", write_npy_with_product),
    "patterns in NPY, positions in text": ("ptychodus", write_npy_with_text),
    "Eiger": ("eiger", write_eiger),
    "TIFF": ("tiff", write_tiff),
    "fold_slice": ("arrays", write_fold_slice),
    "ptyrad": ("arrays", write_ptyrad),
    "hxn": ("arrays", write_hxn),
    "ptylab": ("arrays", write_ptylab),
    "tike": ("arrays", write_tike),
    "MATLAB 5": ("arrays", write_mat_5),
    "MATLAB 7.3": ("arrays", write_mat_7_3),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_scan_comes_back_from_every_program(name, scan, tmp_path):
    expected, write = WRITERS[name]
    path, options = write(tmp_path, scan)
    found = opened(path, **options)
    assert found.format == expected
    assert found.contradictions == ()
    counts = scan.diffraction_counts
    if found.zero_frequency == "corner":
        counts = np.fft.ifftshift(counts, axes=(1, 2))
    stored = found.patterns.read(0, 100).astype(np.float64)
    intensity = stored**2 if found.values == "amplitude" else stored
    np.testing.assert_allclose(intensity, counts, atol=1e-6)
    np.testing.assert_array_equal(found.patterns.read(30, 37), found.patterns.read(0, 100)[30:37])
    moved = found.positions_px(32) - scan.positions_px
    np.testing.assert_allclose(moved - moved[0], 0, atol=2e-4)
    if name != "tike":
        for field in ("energy_ev", "distance_m", "detector_pixel_m"):
            stated = getattr(found.geometry, field)
            assert stated == pytest.approx(getattr(scan.geometry, field), rel=1e-6)
    if found.probe_modes is not None:
        ratio = found.probe_modes[0] / scan.probe
        np.testing.assert_allclose(ratio, ratio[16, 16], rtol=1e-3)


def test_every_layout_that_is_shipped_is_tried_and_says_where_its_names_are_from():
    assert set(shipped_layouts()) <= set(WRITERS)
    assert all("https://" in (layout.source or "") for layout in shipped_layouts().values())


@pytest.mark.parametrize("write", [write_product_hdf5, write_product_npz])
def test_a_product_that_says_near_field_is_heeded(write, scan, tmp_path):
    path, options = write(tmp_path, scan)
    product = options["product"]["file"]
    if product.suffix == ".npz":
        with np.load(product) as held:
            arrays = {name: held[name] for name in held} | {"far_field": np.array(False)}
        np.savez(product, **arrays)
    else:
        with h5py.File(product, "a") as file:
            file.attrs["far_field"] = False
    assert opened(path, **options).far_field is False


def test_a_cxi_product_that_says_near_field_is_heeded(scan, tmp_path):
    write_cxi_product(tmp_path / "near.cxi", scan, far_field=False)
    found = opened(write_patterns(tmp_path, scan), product={"file": tmp_path / "near.cxi"})
    assert found.far_field is False


@pytest.mark.parametrize("name", ["product.h5", "product.npz"])
def test_a_product_alone_is_no_scan(scan, tmp_path, name):
    write_product(tmp_path / name, scan)
    with pytest.raises(ValueError, match=r"product without patterns.*--product\.file"):
        opened(tmp_path / name)


def test_an_eiger_master_without_its_frames_names_what_is_missing(scan, tmp_path):
    path, options = write_eiger(tmp_path, scan)
    (tmp_path / "scan_data_000004.h5").unlink()
    with pytest.raises(ValueError, match=r"scan_data_000004\.h5, which is not there"):
        opened(path, **options)


def test_an_eiger_master_asks_for_positions(scan, tmp_path):
    path, _ = write_eiger(tmp_path, scan)
    with pytest.raises(ValueError, match=r"100 patterns, but no positions.*--positions\.file"):
        opened(path)


def test_frames_of_an_eiger_out_of_the_data_root_are_refused(scan, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    path, options = write_eiger(tmp_path, scan)
    moved = inside / "scan_master.h5"
    with h5py.File(moved, "w") as file:
        file["entry/data/data_000001"] = h5py.ExternalLink(f"../{path.name}", "/entry/data")
    with pytest.raises(ValueError, match="outside the data root"):
        opened(moved, **options)


def test_a_ptyd_whose_part_is_missing_names_it(scan, tmp_path):
    path, options = write_linked_ptyd(tmp_path, scan)
    (tmp_path / "linked.ptyd.part001").unlink()
    with pytest.raises(ValueError, match=r"part001, which is not there"):
        opened(path, **options)


@pytest.mark.parametrize(
    "packed",
    [
        hdf5plugin.Bitshuffle(cname="none"),
        hdf5plugin.LZ4(),
        hdf5plugin.Zstd(),
        hdf5plugin.Blosc(),
    ],
)
def test_filters_of_hdf5plugin_are_read(packed, written, scan):
    path, _ = written("cxi")
    name = "entry_1/instrument_1/detector_1/data"
    with h5py.File(path, "a") as file:
        del file[name]
        file.create_dataset(name, data=scan.diffraction_counts, chunks=(5, 32, 32), **packed)
    read = opened(path).patterns.read(0, 100)
    np.testing.assert_array_equal(read, scan.diffraction_counts)


@pytest.mark.parametrize(("is_applied", "name"), [(True, "data"), (True, "mask"), (False, "data")])
def test_a_filter_that_nobody_has_is_named_where_it_was_applied(is_applied, name, written, scan):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        detector = file["entry_1/instrument_1/detector_1"]
        values = detector[name][()]
        del detector[name]
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        created.set_chunk(values.shape)
        created.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, ())
        kind, space = h5py.h5t.py_create(values.dtype), h5py.h5s.create_simple(values.shape)
        made = h5py.h5d.create(detector.id, name.encode(), kind, space, created)
        mask = 0 if is_applied else 1
        made.write_direct_chunk((0,) * values.ndim, values.tobytes(), filter_mask=mask)
    if not is_applied:
        np.testing.assert_array_equal(opened(path).patterns.read(0, 100), scan.diffraction_counts)
        return
    with pytest.raises(ValueError, match=r"filter 32999.*h5repack") as raised:
        opened(path)
    assert "cut short" not in str(raised.value)


def test_facts_of_a_product_may_be_datasets_or_arrays_of_one(scan, tmp_path):
    path, options = write_product_hdf5(tmp_path, scan)
    with h5py.File(options["product"]["file"], "a") as file:
        file["far_field"] = np.array(False)
        del file.attrs["far_field"]
        file.attrs["photon_energy_eV"] = np.array([scan.geometry.energy_ev])
    found = opened(path, **options)
    assert found.far_field is False
    assert found.geometry.energy_ev == scan.geometry.energy_ev


def test_a_product_of_another_energy_than_its_patterns_is_refused(scan, tmp_path):
    path, options = write_split_cxi(tmp_path, scan)
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/source_1/energy"] = 1.3 * scan.geometry.energy_ev * 1.602e-19
    with pytest.raises(ValueError, match=r"energy_ev.*its product.*--energy-ev"):
        opened(path, **options)
    energy = scan.geometry.energy_ev
    assert opened(path, energy_ev=energy, **options).geometry.energy_ev == energy


def test_the_file_itself_as_its_product_changes_nothing(written):
    path, _ = written("cxi")
    silent = opened(path).positions
    np.testing.assert_array_equal(opened(path, product={"file": path}).positions, silent)
