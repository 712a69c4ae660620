"""Objects of other programs come into the frame of a scan, or are refused in a person's words."""

import h5py
import numpy as np
import pytest

from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.placement.place import FOUND, FROM_FILE
from tasks.compare.placement.stage import PlacingParams, place_object
from tasks.core.files.atomic_files import write_json
from tasks.core.files.named_files import KnownFile
from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.patches import extract_patches
from tasks.core.physics.forward import diffraction_intensity
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.stage_record import StageFiles, silent
from tasks.object_readers.phase_g import hand_over
from tasks.object_readers.stored_object import StoredObject
from tests.unit.compare.placement.planting import sample

N_PX, FRAME = 32, 240
POSITIONS = np.stack(np.mgrid[80:180:10, 60:160:10], axis=-1).reshape(-1, 2).astype(float)
CORNER = (64, 44)  # of the patches of the scan, which are 122 px a side
SIDE = 122


@pytest.fixture(scope="module")
def true_object():
    return sample(FRAME)


@pytest.fixture
def stage(true_object, tmp_path):
    """Return what places an object: of a file, or of what a command has handed over."""
    probe = 32 * defocused_zone_plate_probe(N_PX, 0.6, 0.0, 4.0)
    patches = extract_patches(true_object, POSITIONS, N_PX)
    counts = np.rint(diffraction_intensity(patches, probe)).astype(np.uint16)
    scan = Scan(counts, POSITIONS, probe, Geometry(8000.0, 2.0, 75e-6), {})
    write_scan(tmp_path / "scan.cxi", scan)
    view = {"n_exposures": len(POSITIONS), "indices": list(range(len(POSITIONS))), "view": "dense"}
    write_json(tmp_path / "view.json", view)
    write_object(tmp_path / "truth.h5", ObjectWindow(true_object, (0, 0)))
    inputs = {"scan": "scan.cxi", "view": "view.json", "truth": "truth.h5"}
    outputs = {"reconstruction": tmp_path / "placed.h5"}

    def place(path=None, stored=None, base="truth"):
        named = {name: tmp_path / file for name, file in inputs.items()}
        named[base] = named.pop("truth")
        if stored is not None:
            hand_over(tmp_path / "solution.h5", stored)
            named["solution"] = tmp_path / "solution.h5"
        file = None if path is None else KnownFile(path=path)
        params = PlacingParams(row="Theirs", object_file=file, comparison=ComparisonParams())
        facts = place_object(params, StageFiles(named, outputs), silent)
        return facts["placement"], read_object(outputs["reconstruction"])

    place.pixel_m = scan.geometry.object_pixel_m(N_PX)
    return place


def part_of(true_object, margin=0):
    (row, column), size = CORNER, SIDE + 2 * margin
    row, column = row - margin, column - margin
    return true_object[row : row + size, column : column + size]


def agrees(window, true_object):
    """Tell whether an object lies where it belongs, to a factor."""
    middle = window.cut(type(window.window)((100, 80), (50, 50)))
    expected = true_object[100:150, 80:130]
    overlap = abs(np.vdot(middle, expected))
    return overlap / (np.linalg.norm(middle) * np.linalg.norm(expected)) > 0.99


def test_an_object_without_a_place_is_found_turned_and_conjugated(stage, true_object, tmp_path):
    np.save(tmp_path / "theirs.npy", np.rot90(part_of(true_object, margin=7)).conj())
    placement, window = stage(tmp_path / "theirs.npy")
    assert placement["source"] == FOUND
    assert (placement["quarter_turns"], placement["is_conjugated"]) == (3, True)
    assert placement["held_against"] == "truth"
    assert agrees(window, true_object)
    assert window.facts["placement"] == placement
    assert window.object_.dtype == np.complex64


def test_an_object_that_shows_more_than_the_scan_is_found(stage, true_object, tmp_path):
    np.save(tmp_path / "theirs.npy", true_object[10:230, 5:225])
    placement, window = stage(tmp_path / "theirs.npy")
    assert placement["source"] == FOUND
    assert window.origin_px == (10, 5)
    assert agrees(window, true_object)


def test_an_object_with_a_place_is_put_there(stage, true_object, tmp_path):
    write_object(tmp_path / "theirs.h5", ObjectWindow(part_of(true_object), CORNER))
    placement, window = stage(tmp_path / "theirs.h5", base="reference")
    assert (placement["source"], placement["held_against"]) == (FROM_FILE, "reference")
    assert window.origin_px == CORNER
    assert agrees(window, true_object)


def test_what_a_command_handed_over_keeps_its_place_and_pixel(stage, true_object):
    stored = StoredObject(part_of(true_object), stage.pixel_m, CORNER, "cxi")
    placement, window = stage(stored=stored)
    assert (placement["source"], placement["format"]) == (FROM_FILE, "cxi")
    assert placement["scale_source"] == "pixel sizes"
    assert window.origin_px == CORNER


def test_what_a_command_made_of_the_scan_has_its_pixels(stage, true_object):
    stored = StoredObject(part_of(true_object, margin=4).conj(), None, None, "numpy")
    placement, window = stage(stored=stored)
    assert (placement["scale"], placement["scale_source"]) == (1.0, "equal pixels")
    assert placement["is_conjugated"]
    assert placement["scan_gauge"]["factor_abs"] == pytest.approx(1, rel=0.03)
    assert agrees(window, true_object)


def test_larger_pixels_are_resampled(stage, true_object):
    coarse = true_object.reshape(FRAME // 2, 2, FRAME // 2, 2).mean(axis=(1, 3))
    stored = StoredObject(coarse, 2 * stage.pixel_m, (0.25, 0.25), "ptychodus")
    placement, window = stage(stored=stored)
    assert placement["scale"] == pytest.approx(2)
    assert agrees(window, true_object)


def test_pixels_that_differ_beyond_resampling_are_refused(stage, true_object):
    stored = StoredObject(part_of(true_object), 5 * stage.pixel_m, CORNER, "cxi")
    with pytest.raises(ValueError, match=r"Theirs has pixels of .* a factor of 4.*leave it out"):
        stage(stored=stored)


def test_another_sample_is_refused_in_the_words_that_were_typed(stage, tmp_path):
    np.save(tmp_path / "theirs.npy", sample(SIDE, seed=9))
    with pytest.raises(ValueError, match=r"Theirs=theirs.npy is not found") as refusal:
        stage(tmp_path / "theirs.npy")
    assert "tasks.compare score" in str(refusal.value)
    assert "--pixel-size" not in str(refusal.value)


def test_what_is_smaller_than_the_scored_region_or_beside_it_is_refused(
    stage, true_object, tmp_path
):
    write_object(tmp_path / "small.h5", ObjectWindow(part_of(true_object)[:60, :60], CORNER))
    with pytest.raises(ValueError, match=r"Theirs \(Theirs=small.h5\) covers"):
        stage(tmp_path / "small.h5")
    write_object(tmp_path / "beside.h5", ObjectWindow(true_object[:40, 200:], (0, 200)))
    with pytest.raises(ValueError, match=r"is not found|covers"):
        stage(tmp_path / "beside.h5")


def test_a_file_that_was_changed_since_the_plan_is_refused(stage, true_object, tmp_path):
    np.save(tmp_path / "theirs.npy", part_of(true_object))
    planned = KnownFile(path=tmp_path / "theirs.npy").model_dump()
    np.save(tmp_path / "theirs.npy", 2 * part_of(true_object))
    with pytest.raises(ValueError, match="it was changed since"):
        KnownFile.model_validate(planned)


def test_what_is_handed_over_names_no_folder(tmp_path, true_object):
    hand_over(tmp_path / "solution.h5", StoredObject(true_object, 1e-8, None, "numpy"))
    with h5py.File(tmp_path / "solution.h5") as file:
        assert set(file["object"].attrs) == {"format", "pixel_m"}
