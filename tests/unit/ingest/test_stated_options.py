"""Options speak of the file: what is true of it changes nothing, what contradicts it is said."""

import h5py
import numpy as np
import pytest

from tasks.ingest.checks.statement_checks import check_statements
from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_scan import open_scan

# What is true of the files that the fixture `written` makes.
TRUTHS = {
    "own cxi": {
        "positions": {"unit": "m", "order": "xy", "moves": "sample"},
        "mask": {"sense": "zero_is_good"},
        "patterns": {"values": "intensity", "zero_frequency": "centre"},
        "entry": "entry_1",
        "detector": "detector_1",
    },
    "cxi": {
        "positions": {"unit": "m", "order": "xy", "moves": "sample"},
        "mask": {"sense": "zero_is_good"},
        "patterns": {"values": "intensity"},
    },
    "cxi with basis vectors": {"positions": {"unit": "m", "order": "xy", "moves": "sample"}},
    "ptyd": {
        "positions": {"unit": "m", "order": "yx", "moves": "probe"},
        "mask": {"sense": "nonzero_is_good"},
        "patterns": {"zero_frequency": "centre"},
    },
    "nexus": {"positions": {"unit": "um", "order": "xy", "moves": "sample"}, "entry": "entry_1"},
    "ptychodus": {
        "positions": {"unit": "m", "order": "xy", "moves": "probe"},
        "mask": {"sense": "zero_is_good"},
    },
    "ptychi": {"positions": {"unit": "m", "order": "yx", "moves": "probe"}},
    "ptychopinn": {
        "positions": {"unit": "px", "order": "xy", "moves": "probe"},
        "patterns": {"values": "amplitude"},
    },
    "old ptychopinn": {"positions": {"unit": "px"}, "patterns": {"values": "intensity"}},
    "arrays": {
        "positions": {"unit": "nm", "order": "xy", "moves": "sample"},
        "mask": {"sense": "zero_is_good"},
        "patterns": {"values": "intensity", "zero_frequency": "corner"},
    },
}


def opened(path, **options):
    return open_scan(path, IngestParams.model_validate({"file": path, **options}))


@pytest.mark.parametrize("layout", TRUTHS)
def test_to_state_the_truth_changes_nothing(layout, written, scan):
    path, options = written(layout)
    geometry = {}
    if "geometry_unknown" not in options:
        names = ("energy_ev", "distance_m", "detector_pixel_m")
        geometry = {name: getattr(scan.geometry, name) for name in names}
    silent = opened(path, **options)
    stated = opened(path, format=silent.format, **options, **geometry, **TRUTHS[layout])
    assert stated.contradictions == ()
    assert stated.in_metres == silent.in_metres
    assert stated.values == silent.values
    assert stated.zero_frequency == silent.zero_frequency
    # Given and stored numbers may differ in their last digit.
    np.testing.assert_allclose(stated.positions_px(32), silent.positions_px(32), rtol=1e-7)
    if silent.good is not None:
        np.testing.assert_array_equal(stated.good, silent.good)


def test_every_layout_is_tried(layouts):
    assert set(TRUTHS) == set(layouts)


@pytest.mark.parametrize("unit", ["m", "px"])
def test_lengths_that_stand_for_pixels_may_be_called_either(unit, written, prepared, tmp_path):
    path, options = written("ptychopinn")
    prepared(path, **options).write_scan_cxi(tmp_path / "first.cxi")
    silent = opened(tmp_path / "first.cxi")
    stated = opened(tmp_path / "first.cxi", positions={"unit": unit}, geometry_unknown=True)
    np.testing.assert_array_equal(stated.positions, silent.positions)
    assert stated.contradictions == ()


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_order_and_unit_of_a_turned_detector_are_those_of_the_file(sign, written):
    path, _ = written("cxi", basis=((0, sign, 0), (-1, 0, 0)))
    silent = opened(path).positions
    stated = opened(path, positions={"order": "xy", "unit": "m"}).positions
    np.testing.assert_array_equal(stated, silent)
    other = opened(path, positions={"order": "yx"}).positions
    # Columns read the other way round, then turned: rows follow -x of the file, and so on.
    np.testing.assert_allclose(other[:, 0], -sign * silent[:, 1])


def test_a_mask_that_is_not_in_the_sense_of_its_format_is_cured_by_the_truth(written):
    path, _ = written("cxi")
    good = np.ones((32, 32), np.uint8)
    good[3, 5] = 0
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/detector_1/mask"][...] = good
    found = opened(path, mask={"sense": "nonzero_is_good"})
    assert np.argwhere(~found.good).tolist() == [[3, 5]]
    assert [one.option for one in found.contradictions] == ["mask.sense"]
    assert found.contradictions[0].by_format


def test_a_mask_without_a_good_pixel_names_the_other_sense(written):
    path, _ = written("ptyd")
    with h5py.File(path, "a") as file:
        for chunk in "01":
            file[f"chunks/{chunk}/weights"][...] = 0
    with pytest.raises(ValueError, match=r"1024 are good.*--mask.sense zero_is_good"):
        opened(path)


def test_the_sense_of_a_mask_of_ones_own_is_not_that_of_the_scan(written, tmp_path):
    path, _ = written("cxi")
    np.save(tmp_path / "mask.npy", np.ones((32, 32)))
    own = {"file": tmp_path / "mask.npy", "sense": "nonzero_is_good"}
    assert opened(path, mask=own).good.all()


@pytest.mark.parametrize(
    ("options", "option", "stated"),
    [
        ({"energy_ev": 9000.0}, "energy-ev", "8000"),
        ({"distance_m": 7.5}, "distance-m", None),
        ({"detector_pixel_m": 1e-4}, "detector-pixel-m", None),
        ({"positions": {"moves": "probe"}}, "positions.moves", "sample"),
        ({"positions": {"order": "yx"}}, "positions.order", "xy"),
        ({"positions": {"unit": "mm"}}, "positions.unit", "m"),
        ({"patterns": {"values": "amplitude"}}, "patterns.values", "intensity"),
    ],
)
def test_what_contradicts_the_file_is_followed_and_noted(options, option, stated, written):
    path, _ = written("cxi")
    noted = opened(path, **options).contradictions
    assert [one.option for one in noted] == [option]
    assert stated is None or noted[0].stated == stated


def test_unknown_geometry_that_the_file_knows_is_noted(written):
    path, _ = written("cxi")
    found = opened(path, geometry_unknown=True)
    assert found.geometry is not None
    assert not found.contradictions[0].is_followed


def test_a_contradiction_is_a_finding_and_a_stated_unit_weighs_more(written, prepared):
    path, _ = written("cxi")
    name = "entry_1/sample_1/geometry_1/translation"
    said = {"positions": {"unit": "um"}, "check_orientation": False}
    with h5py.File(path, "a") as file:
        file[name][...] *= 1e6
    assert [f.severity for f in check_statements(prepared(path, **said))] == ["info"]
    with h5py.File(path, "a") as file:
        file[name].attrs["units"] = "mm"
    found = check_statements(prepared(path, **said))
    assert [f.severity for f in found] == ["warning"]
    assert "--positions.unit um is taken, though the file states mm" in found[0].message


def test_a_near_field_is_an_error_with_the_code_to_accept(written, prepared):
    path, options = written("ptychodus")
    with h5py.File(options["product"]["file"], "a") as file:
        file.attrs["far_field"] = False
    found = check_statements(prepared(path, check_orientation=False, **options))
    assert [(f.code, f.severity) for f in found] == [("near_field", "error")]


def test_a_unit_that_nexus_lacks_can_be_stated(written, scan):
    path, _ = written("nexus")
    stated = opened(path).positions
    with h5py.File(path, "a") as file:
        for axis in "xy":
            del file[f"entry_1/sample_1/transformations/{axis}"].attrs["units"]
    np.testing.assert_allclose(opened(path, positions={"unit": "um"}).positions, stated)


@pytest.mark.parametrize("name", ["distance", "x_pixel_size", "energy"])
def test_a_wrong_number_of_the_file_does_not_stop_the_right_one(name, written, scan):
    path, _ = written("cxi")
    where = "source_1/energy" if name == "energy" else f"detector_1/{name}"
    with h5py.File(path, "a") as file:
        file[f"entry_1/instrument_1/{where}"][...] = 1e9
    with pytest.raises(ValueError, match="--"):
        opened(path)
    geometry = scan.geometry
    options = {
        "distance": {"distance_m": geometry.distance_m},
        "x_pixel_size": {"detector_pixel_m": geometry.detector_pixel_m},
        "energy": {"energy_ev": geometry.energy_ev},
    }[name]
    assert opened(path, **options).geometry == geometry
