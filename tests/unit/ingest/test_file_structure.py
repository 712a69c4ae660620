"""Where files keep things: entries, detectors, masks, units, indexes; and what is missing."""

import bz2

import h5py
import numpy as np
import pytest
import yaml

from tasks.ingest.file_options import Order
from tasks.ingest.files.units import ev_per_unit, metres_per_unit
from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_positions import position_columns
from tasks.ingest.resolved_scan import open_scan
from tasks.runtime import stage_cache

DETECTOR = "entry_1/instrument_1/detector_1"
TRANSLATION = "entry_1/sample_1/geometry_1/translation"


def opened(path, **options):
    return open_scan(path, IngestParams.model_validate({"file": path, **options}))


@pytest.mark.parametrize("entry", ["entry_2", "entry_10"])
def test_the_only_entry_with_patterns_is_read_whatever_its_number(entry, written, scan):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        file.move("entry_1", entry)
        del file[f"{entry}/data_1/data"]
        file["entry_1/title"] = "alignment, no patterns"
    assert len(opened(path)) == 100


def test_of_several_entries_with_patterns_one_is_asked_for(written, scan):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        file.copy("entry_1", "entry_2")
        file[f"{DETECTOR}/data".replace("entry_1", "entry_2")][0] += 7
    with pytest.raises(ValueError, match=r"entry_1, entry_2\. Name the one.*--entry"):
        opened(path)
    first, second = (
        opened(path, entry=name).patterns.read(0, 1) for name in ("entry_1", "entry_2")
    )
    np.testing.assert_array_equal(second, first + 7)
    with pytest.raises(ValueError, match=r"no entry 'entry_3', but entry_1, entry_2"):
        opened(path, entry="entry_3")


def test_an_entry_that_links_to_another_is_the_same(written):
    path, _ = written("nexus")
    with h5py.File(path, "a") as file:
        file["entry_2"] = h5py.SoftLink("/entry_1")
    assert len(opened(path)) == 100


def test_of_several_detectors_one_is_asked_for(written):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        file.copy(DETECTOR, DETECTOR.replace("detector_1", "detector_2"))
    with pytest.raises(ValueError, match=r"detector_1, detector_2.*--detector"):
        opened(path)
    assert opened(path, detector="detector_2").origins["patterns"].endswith("detector_2/data")


@pytest.mark.parametrize("shape", [(100, 32, 32), (10, 10, 32, 32), (1, 32, 32)])
def test_a_mask_for_every_pattern_trusts_what_all_of_them_trust(shape, written):
    path, _ = written("cxi")
    mask = np.full(shape, 0x1000, np.uint32)
    mask[..., 0, 7, 9] = 4
    with h5py.File(path, "a") as file:
        del file[f"{DETECTOR}/mask"]
        file[f"{DETECTOR}/mask"] = mask
    assert np.argwhere(~opened(path).good).tolist() == [[7, 9]]


def test_patterns_that_are_masked_as_a_whole_are_left_out(written, scan):
    path, _ = written("cxi")
    mask = np.zeros((100, 32, 32), np.uint8)
    mask[[3, 50]] = 1
    mask[:, 1, 2] = 1
    with h5py.File(path, "a") as file:
        del file[f"{DETECTOR}/mask"]
        file[f"{DETECTOR}/mask"] = mask
    found = opened(path)
    assert (len(found), found.n_masked) == (98, 2)
    assert np.argwhere(~found.good).tolist() == [[1, 2]]
    kept = np.delete(scan.diffraction_counts, [3, 50], axis=0)
    np.testing.assert_array_equal(found.patterns.read(0, 98), kept)
    np.testing.assert_array_equal(found.patterns.read(40, 60), kept[40:60])


@pytest.mark.parametrize(
    ("unit", "metres"),
    [
        ("cm", 1e-2),
        ("\u00b5m", 1e-6),
        ("\u03bcm", 1e-6),
        ("micrometers", 1e-6),
        ("Centimetre", 1e-2),
        ("dm", 1e-1),
        ("pm", 1e-12),
        ("km", 1e3),
        ("\u212b", 1e-10),
        ("Angstrom", 1e-10),
        (" mm ", 1e-3),
    ],
)
def test_lengths_have_any_prefix(unit, metres):
    assert metres_per_unit(unit) == pytest.approx(metres, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "ev"),
    [
        ("keV", 1e3),
        ("kev", 1e3),
        ("EV", 1.0),
        ("MeV", 1e6),
        ("meV", 1e-3),
        ("J", 6.241509074e18),
        ("kiloelectronvolt", 1e3),
        ("joules", 6.241509074e18),
        ("mev", None),
        ("erg", None),
    ],
)
def test_energies_have_any_prefix_that_is_not_ambiguous(unit, ev):
    assert ev_per_unit(unit) == (None if ev is None else pytest.approx(ev, rel=1e-9))


@pytest.mark.parametrize(("unit", "factor"), [("cm", 1e2), ("km", 1e-3), ("decimeter", 10.0)])
def test_a_distance_in_any_unit_is_the_same_distance(unit, factor, written, scan):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        file[f"{DETECTOR}/distance"][...] = scan.geometry.distance_m * factor
        file[f"{DETECTOR}/distance"].attrs["units"] = unit
    assert opened(path).geometry.distance_m == pytest.approx(scan.geometry.distance_m)


def test_an_unknown_unit_is_named(written):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        file[f"{DETECTOR}/distance"].attrs["units"] = "furlong"
    with pytest.raises(ValueError, match=r"unit 'furlong'.*in an option"):
        opened(path)


PAIRS = np.arange(20.0).reshape(10, 2) ** 2


@pytest.mark.parametrize(
    "values",
    [
        PAIRS,
        PAIRS.T,
        np.c_[PAIRS, np.arange(10.0)],
        np.c_[PAIRS, np.arange(10.0)].T,
        PAIRS.reshape(2, 5, 2),
        PAIRS.T.reshape(2, 2, 5),
        PAIRS[None, None],
    ],
)
def test_positions_lie_in_any_way(values):
    found = position_columns(values, Order.XY, 10, "They")
    np.testing.assert_array_equal(found, PAIRS[:, ::-1])


@pytest.mark.parametrize("n_positions", [2, 3])
def test_few_positions_are_read_by_their_number(n_positions):
    rows = np.arange(n_positions * 2.0).reshape(n_positions, 2)
    np.testing.assert_array_equal(position_columns(rows, Order.YX, n_positions, "They"), rows)


def test_of_three_columns_the_constant_one_is_along_the_beam():
    zyx = np.c_[np.full(10, 5.0), PAIRS]
    np.testing.assert_array_equal(position_columns(zyx, Order.YX, 10, "They"), PAIRS)
    yxz = np.c_[PAIRS, np.full(10, 5.0)]
    np.testing.assert_array_equal(position_columns(yxz, Order.YX, 10, "They"), PAIRS)
    with pytest.raises(ValueError, match="nobody knows which is along the beam"):
        position_columns(np.c_[PAIRS, np.arange(10.0)], Order.YX, 10, "They")


@pytest.mark.parametrize("n_columns", [2, 3])
def test_translations_that_lie_on_their_side_are_read(n_columns, written):
    path, _ = written("cxi")
    expected = opened(path).positions
    with h5py.File(path, "a") as file:
        lying = file[TRANSLATION][()][:, :n_columns].T
        del file[TRANSLATION]
        file[TRANSLATION] = lying
    np.testing.assert_array_equal(opened(path).positions, expected)


INDEXED = {
    "patterns": {
        "array": "frames/counts",
        "values": "intensity",
        "zero_frequency": "centre",
        "index": "frames/number",
    },
    "positions": {
        "array": "motors/place",
        "unit": "px",
        "order": "yx",
        "moves": "probe",
        "index": "motors/number",
    },
    "geometry": "unknown",
}


def write_indexed(folder, scan, numbers, positions_of):
    """Frames and positions in orders of their own, joined by numbers."""
    path, layout = folder / "indexed.h5", folder / "indexed.yaml"
    layout.write_text(yaml.safe_dump(INDEXED))
    with h5py.File(path, "w") as file:
        file["frames/counts"] = scan.diffraction_counts
        file["frames/number"] = numbers
        file["motors/place"] = scan.positions_px[positions_of]
        file["motors/number"] = numbers[positions_of]
    return path, {"layout": {"file": layout}}


def test_frames_and_positions_are_joined_by_an_index(scan, tmp_path):
    rng = np.random.default_rng(2)
    numbers = rng.permutation(np.arange(1000, 1200))[:100]
    path, options = write_indexed(tmp_path, scan, numbers, rng.permutation(100))
    np.testing.assert_array_equal(opened(path, **options).positions, scan.positions_px)


def test_positions_without_a_frame_are_no_fault(scan, tmp_path):
    path, options = write_indexed(tmp_path, scan, np.arange(100), np.arange(100))
    with h5py.File(path, "a") as file:
        for name, kept in (("counts", slice(10, 60)), ("number", slice(10, 60))):
            values = file[f"frames/{name}"][kept]
            del file[f"frames/{name}"]
            file[f"frames/{name}"] = values
    np.testing.assert_array_equal(opened(path, **options).positions, scan.positions_px[10:60])


def test_frames_without_a_position_are_left_out_and_counted(scan, tmp_path):
    positions_of = np.delete(np.arange(100), [0, 41, 42, 99])
    path, options = write_indexed(tmp_path, scan, np.arange(100) * 3, positions_of)
    found = opened(path, **options)
    assert (len(found), found.n_without_position) == (96, 4)
    kept = scan.diffraction_counts[positions_of]
    np.testing.assert_array_equal(found.patterns.read(0, 96), kept)
    np.testing.assert_array_equal(found.positions, scan.positions_px[positions_of])


def test_an_index_of_another_scan_is_refused(scan, tmp_path):
    path, options = write_indexed(tmp_path, scan, np.arange(100), np.arange(100))
    with h5py.File(path, "a") as file:
        file["motors/number"][...] += 70
    with pytest.raises(ValueError, match=r"70 of 100 patterns have no position"):
        opened(path, **options)


@pytest.mark.parametrize("name", ["frames/count", "motors/place2", "motors/num"])
def test_a_name_that_is_missing_is_said_with_what_the_file_holds(name, scan, tmp_path):
    path, options = write_indexed(tmp_path, scan, np.arange(100), np.arange(100))
    text = yaml.safe_dump(INDEXED)
    right = {"frames/count": "frames/counts", "motors/place2": "motors/place"}
    text = text.replace(right.get(name, "motors/number"), name)
    options["layout"]["file"].write_text(text)
    held = "frames/counts, frames/number, motors/number, motors/place"
    with pytest.raises(ValueError, match=rf"'{name}' is missing\. It holds: {held}"):
        opened(path, **options)


def test_several_arrays_of_frames_are_joined_in_order(scan, tmp_path):
    path, options = write_indexed(tmp_path, scan, np.arange(100), np.arange(100))
    with h5py.File(path, "a") as file:
        del file["frames/counts"]
        for number in range(4):
            part = slice(25 * number, 25 * (number + 1))
            file[f"frames/part_{number}"] = scan.diffraction_counts[part]
    text = yaml.safe_dump(INDEXED).replace("frames/counts", "frames/part_*")
    options["layout"]["file"].write_text(text)
    read = opened(path, **options).patterns.read(20, 60)
    np.testing.assert_array_equal(read, scan.diffraction_counts[20:60])


def test_numbers_of_a_layout_may_be_attributes(scan, tmp_path):
    path, options = write_indexed(tmp_path, scan, np.arange(100), np.arange(100))
    with h5py.File(path, "a") as file:
        file.attrs["wavelength"] = 1.23984198 / scan.geometry.energy_ev * 1e3
        file["frames"].attrs["distance"] = [scan.geometry.distance_m * 1e2]
        file["frames/counts"].attrs["pixel"] = scan.geometry.detector_pixel_m * 1e6
    geometry = {
        "wavelength": {"array": "@wavelength", "unit": "nm"},
        "distance": {"array": "frames@distance", "unit": "cm"},
        "detector_pixel": {"array": "frames/counts@pixel", "unit": "um"},
    }
    options["layout"]["file"].write_text(yaml.safe_dump(INDEXED | {"geometry": geometry}))
    found = opened(path, **options).geometry
    for name in ("energy_ev", "distance_m", "detector_pixel_m"):
        assert getattr(found, name) == pytest.approx(getattr(scan.geometry, name), rel=1e-6)


def test_the_axes_of_a_raster_may_have_a_value_for_each_line(written):
    path, _ = written("nexus")
    transformations = "entry_1/sample_1/transformations"
    with h5py.File(path, "a") as file:
        for axis, line in (("y", np.arange(10.0)), ("x", 2 * np.arange(10.0))):
            old = dict(file[f"{transformations}/{axis}"].attrs)
            del file[f"{transformations}/{axis}"]
            file[f"{transformations}/{axis}"] = line
            file[f"{transformations}/{axis}"].attrs.update(old)
    found = opened(path).positions * 1e6
    np.testing.assert_allclose(found[13], [-1.0, 6.0], atol=1e-9)
    np.testing.assert_allclose(found[90], [-9.0, 0.0], atol=1e-9)


def test_a_layout_needs_its_second_file(scan, tmp_path):
    with h5py.File(tmp_path / "dp.h5", "w") as file:
        file["dp"] = scan.diffraction_counts
    with pytest.raises(ValueError, match=r"in a second file, as 'lambda'.*--product\.file"):
        opened(tmp_path / "dp.h5", layout={"name": "fold_slice"})
    with pytest.raises(ValueError, match=r"Unknown layout 'fold'.*fold_slice"):
        opened(tmp_path / "dp.h5", layout={"name": "fold"})


def test_a_file_of_positions_needs_unit_order_and_owner(written, tmp_path):
    np.save(tmp_path / "positions.npy", np.zeros((100, 2)))
    path, _ = written("ptychodus")
    with pytest.raises(ValueError, match=r"--positions.order, --positions.unit, --positions.moves"):
        opened(path, positions={"file": tmp_path / "positions.npy"})


def test_links_of_a_scan_that_was_copied_with_its_files_are_followed(written, tmp_path, scan):
    path, _ = written("cxi")
    with h5py.File(tmp_path / "master.cxi", "w") as file:
        file["entry_1"] = h5py.ExternalLink(f"/beamline/disk/{path.name}", "/entry_1")
    read = opened(tmp_path / "master.cxi").patterns.read(0, 100)
    np.testing.assert_array_equal(read, scan.diffraction_counts)


@pytest.mark.parametrize("missing", ["data", "translation", "chunk", "positions"])
def test_what_is_missing_is_named_and_nothing_is_called_cut_short(missing, written):
    path, options = written("cxi" if missing in ("data", "translation") else "ptyd")
    with h5py.File(path, "a") as file:
        for name in {
            "data": ("entry_1/data_1/data", f"{DETECTOR}/data"),
            "translation": (TRANSLATION,),
            "chunk": ("chunks/1/data",),
            "positions": ("chunks/0/positions",),
        }[missing]:
            del file[name]
    with pytest.raises(ValueError, match=r"missing") as raised:
        opened(path, **options)
    assert "cut short" not in str(raised.value)
    assert {"data": "data", "chunk": "chunks/1/data"}.get(missing, missing) in str(raised.value)


def test_only_what_is_cut_short_is_called_so(written, tmp_path):
    path, _ = written("cxi")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="It is cut short"):
        opened(path)
    path.write_bytes(b"no HDF5 at all" * 100)
    with pytest.raises(ValueError, match="of another kind") as raised:
        opened(path)
    assert "cut short" not in str(raised.value)
    archive, options = written("arrays")
    packed = archive.read_bytes()
    archive.write_bytes(packed[:-200])
    with pytest.raises(ValueError, match="It is cut short"):
        opened(archive, **options)
    archive.write_bytes(bz2.compress(b"no array"))
    with pytest.raises(ValueError) as raised:
        opened(archive, **options)
    assert "cut short" not in str(raised.value)


def test_a_layout_that_is_changed_is_noticed_by_the_cache(monkeypatch):
    with_layouts = stage_cache.code_sha256.__wrapped__("tasks.ingest.stage")
    monkeypatch.setattr(stage_cache, "LAYOUTS", "layouts/none-of-these.yaml")
    assert stage_cache.code_sha256.__wrapped__("tasks.ingest.stage") != with_layouts
