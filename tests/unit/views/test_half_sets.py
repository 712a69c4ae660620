import numpy as np
import pytest
from pydantic import ValidationError

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import open_view
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster, measure_overlap
from tasks.core.physics.probe import defocused_zone_plate_probe, energy_diameter_px
from tasks.core.study.stage_record import silent
from tasks.views.half_sets import HalvesParams, every_other, halve_view, row_starts

FILES = ({"scan": "scan.cxi", "view": "view.json"}, {"odd": "odd.json", "even": "even.json"})
STEP = 7.0


def raster(n_rows, n_columns, jitter=0.0, seed=0):
    return jittered_raster(n_rows, n_columns, STEP, jitter, np.random.default_rng(seed)) + 30.0


def serpentine(n_rows, n_columns):
    nodes = raster(n_rows, n_columns).reshape(n_rows, n_columns, 2).copy()
    nodes[1::2] = nodes[1::2, ::-1]
    return nodes.reshape(-1, 2)


def spiral(count):
    """Fermat's spiral along its arm."""
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    return 60 + STEP * np.sqrt(np.arange(count))[:, None] * np.stack(
        [np.sin(turn), np.cos(turn)], axis=1
    )


def nearest_px(positions):
    return measure_overlap(positions, 1.0).nearest_distance_px


def node_parity(positions):
    return np.round((positions - 30.0) / STEP).astype(int).sum(axis=1) % 2 == 1


@pytest.mark.parametrize("shape", [(8, 8), (9, 9), (7, 12), (12, 7), (5, 4)])
def test_a_raster_becomes_a_checkerboard_whatever_its_columns(shape):
    for positions in (raster(*shape), raster(*shape, jitter=1.0), serpentine(*shape)):
        is_odd = every_other(positions)
        np.testing.assert_array_equal(is_odd, node_parity(positions))
        assert abs(int(is_odd.sum()) - int((~is_odd).sum())) <= 1


def test_columns_instead_of_rows_become_a_checkerboard_too():
    positions = raster(6, 8).reshape(6, 8, 2).transpose(1, 0, 2).reshape(-1, 2)
    np.testing.assert_array_equal(every_other(positions), node_parity(positions))


def test_rows_of_unlike_length_stay_apart():
    """A view leaves exposures out, so that rows differ in length and in where they begin."""
    positions = raster(10, 12, jitter=1.0, seed=4)
    kept = np.ones(120, dtype=bool)
    kept[[11, 12, 13, 47, 60, 95]] = False
    positions = positions[kept]
    is_odd = every_other(positions)
    # Stripes would leave every exposure a neighbour at one step.
    for half in (is_odd, ~is_odd):
        assert nearest_px(positions[half]) > 1.2 * STEP
    assert abs(is_odd.mean() - 0.5) < 0.05


def test_any_other_path_alternates_by_its_running_index():
    positions = spiral(61)
    np.testing.assert_array_equal(every_other(positions), np.arange(61) % 2 == 1)
    one_line = np.stack([np.full(9, 30.0), np.arange(9) * STEP], axis=1)
    np.testing.assert_array_equal(every_other(one_line), np.arange(9) % 2 == 1)


def test_rows_start_after_the_long_way_back():
    np.testing.assert_array_equal(row_starts(raster(4, 6, jitter=1.0)), [0, 6, 12, 18])
    np.testing.assert_array_equal(row_starts(serpentine(4, 6)), [0])
    # An exposure that is left out makes a long step too, but forwards.
    np.testing.assert_array_equal(row_starts(np.delete(raster(3, 8), [3, 4], axis=0)), [0, 6, 14])


def test_fewer_than_four_exposures_have_no_halves():
    with pytest.raises(ValueError, match="at least four exposures, got 3"):
        every_other(raster(1, 3))


@pytest.fixture
def scan(tmp_path):
    """A raster of 10 x 12 that overlaps by about 0.7, and a view that leaves a row out."""
    probe = 30 * defocused_zone_plate_probe(32, 0.5, 0.2, 5.0)
    step = 0.3 * energy_diameter_px(probe)
    positions = raster(10, 12, 0.5) * step / STEP
    counts = np.arange(120, dtype=np.uint16)[:, None, None] * np.ones((32, 32), dtype=np.uint16)
    written = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {"split": "test"})
    write_scan(tmp_path / "scan.cxi", written)
    view = {"view": "dense", "n_exposures": 120, "indices": list(range(12, 120))}
    write_json(tmp_path / "view.json", view)
    return written


def test_the_halves_are_views_that_share_nothing_and_lose_nothing(scan, stage_files, tmp_path):
    files = stage_files(*FILES)
    facts = halve_view(HalvesParams(), files, silent)
    odd, even = (read_json(files.outputs[half]) for half in ("odd", "even"))
    assert sorted(odd["indices"] + even["indices"]) == list(range(12, 120))
    assert odd["indices"] == sorted(odd["indices"])
    reader = open_view(files.inputs["scan"], files.outputs["odd"])
    assert len(reader) == len(odd["indices"]) == facts["odd"]["n_selected"] == 54
    np.testing.assert_array_equal(reader.read()[:, 0, 0], odd["indices"])
    assert reader.header.provenance["view"] == "dense, odd half"
    assert (odd["half"], even["half"]) == ("odd", "even")


def test_the_overlap_of_the_halves_is_measured(scan, stage_files):
    files = stage_files(*FILES)
    facts = halve_view(HalvesParams(), files, silent)
    for half in ("odd", "even"):
        positions = scan.positions_px[read_json(files.outputs[half])["indices"]]
        measured = measure_overlap(positions, energy_diameter_px(scan.probe))
        assert facts[half]["overlap_ratio"] == measured.overlap_ratio
    # A step longer by the root of two: 1 - 0.3 * 1.414.
    assert facts["halves_overlap_ratio"] == pytest.approx(0.576, abs=0.04)
    assert facts["halves_overlap_ratio"] == min(facts[h]["overlap_ratio"] for h in ("odd", "even"))


def test_halves_that_no_longer_overlap_are_written_and_say_so(scan, stage_files, tmp_path):
    indices = [12 * row + column for row in range(0, 10, 3) for column in range(0, 12, 3)]
    write_json(tmp_path / "view.json", {"view": "sparse", "n_exposures": 120, "indices": indices})
    files = stage_files(*FILES)
    facts = halve_view(HalvesParams(), files, silent)
    assert facts["halves_overlap_ratio"] < 0
    assert len(read_json(files.outputs["even"])["indices"]) == 8


def test_equal_inputs_give_equal_bytes_in_any_order_of_the_view(scan, stage_files, tmp_path):
    files = stage_files(*FILES)
    halve_view(HalvesParams(), files, silent)
    first = files.outputs["odd"].read_bytes()
    view = read_json(tmp_path / "view.json")
    write_json(tmp_path / "view.json", view | {"indices": view["indices"][::-1]})
    halve_view(HalvesParams(), files, silent)
    assert files.outputs["odd"].read_bytes() == first


def test_a_view_of_another_scan_is_refused(scan, stage_files, tmp_path):
    view = {"view": "dense", "n_exposures": 99, "indices": [0, 1, 2, 3, 4]}
    write_json(tmp_path / "view.json", view)
    with pytest.raises(ValueError, match="Make the view again from this scan"):
        halve_view(HalvesParams(), stage_files(*FILES), silent)


def test_there_is_nothing_to_choose():
    with pytest.raises(ValidationError, match="extra"):
        HalvesParams(offset=1)
