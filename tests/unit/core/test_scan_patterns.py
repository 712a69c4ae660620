import numpy as np
import pytest
from pydantic import ValidationError
from scipy.spatial import cKDTree

from tasks.core.geometry.overlap import jittered_raster, measure_overlap
from tasks.core.scan_patterns import SCAN_PATTERNS, ScanParams, scan_facts, scan_path
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.fly_scan import lay_out_scans
from tasks.simulate.params import SimulationParams

DIAMETER_PX = 26.9
FILLING = [kind for kind in SCAN_PATTERNS if kind != "file"]


def draw(kind="raster", size=(15, 20), seed=42, **options):
    rng = spawn(seed, Purpose.SCAN_JITTER, Split.TRAIN)
    return scan_path(ScanParams(kind=kind, **options), size, DIAMETER_PX, rng)


@pytest.mark.parametrize("kind", FILLING)
@pytest.mark.parametrize("overlap", [0.2, 0.5, 0.7])
def test_every_kind_overlaps_as_asked_for(kind, overlap):
    positions = draw(kind, overlap_ratio=overlap).positions_px
    assert len(positions) == 15 * 20
    assert measure_overlap(positions, DIAMETER_PX).overlap_ratio == pytest.approx(overlap, abs=0.05)


@pytest.mark.parametrize("kind", FILLING)
def test_every_kind_fills_the_same_rectangle_without_holes(kind):
    path, step = draw(kind), 0.3 * DIAMETER_PX
    raster = draw("raster")
    assert path.extent_px == raster.extent_px == pytest.approx((14 * step, 19 * step))
    assert path.positions_px.min() >= -path.jitter_px - 1e-9
    assert np.all(path.positions_px.max(axis=0) <= np.array(path.extent_px) + path.jitter_px + 1e-9)
    axes = (np.linspace(0, extent, 60) for extent in path.extent_px)
    everywhere = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    distance = cKDTree(path.positions_px).query(everywhere)[0]
    assert distance.max() < 1.6 * step


@pytest.mark.parametrize("kind", FILLING)
def test_the_frame_of_the_object_does_not_depend_on_the_kind(kind):
    small = SimulationParams(train_positions=(8, 9), test_positions=(6, 6), min_test_span_px=0)
    layout = lay_out_scans(small.model_copy(update={"scan": ScanParams(kind=kind)}), DIAMETER_PX)
    reference = lay_out_scans(small, DIAMETER_PX)
    assert (layout.shape, layout.test_row_px) == (reference.shape, reference.test_row_px)


def test_the_default_raster_draws_what_the_jitter_draws():
    step = 0.3 * DIAMETER_PX
    rng = spawn(42, Purpose.SCAN_JITTER, Split.TRAIN)
    expected = jittered_raster(15, 20, (1 - 0.7) * DIAMETER_PX, 0.2 * step, rng)
    np.testing.assert_allclose(draw().positions_px, expected, rtol=1e-12, atol=1e-12)


def test_the_area_of_a_spiral_and_of_rings_is_the_same_in_the_middle_and_outside():
    for kind in ("fermat", "concentric"):
        path = draw(kind, size=(41, 41))
        radius = np.hypot(*(path.positions_px - np.array(path.extent_px) / 2).T)
        inner, outer = (np.count_nonzero(radius < r) for r in (70, 140))
        # Rings are a step apart, so counting up to a radius is that coarse.
        assert outer / inner == pytest.approx(4, rel=0.1)
        assert np.all(np.diff(radius) > -1e-9)


def test_random_positions_keep_their_distance_and_go_back_and_forth():
    positions, step = draw("random").positions_px, 0.3 * DIAMETER_PX
    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    assert nearest.min() > 0.66 * step
    assert nearest.std() > 0.05 * step
    assert np.median(np.hypot(*np.diff(positions, axis=0).T)) < 1.5 * step


@pytest.mark.parametrize("kind", FILLING)
def test_the_smallest_scan_has_all_its_positions(kind):
    assert draw(kind, size=(2, 2), jitter_fraction=0.0).positions_px.shape == (4, 2)


@pytest.mark.parametrize("header", ["", "y,x\n", "y, x\n"])
def test_positions_from_a_file_keep_order_and_sub_pixel_parts(header, tmp_path):
    positions = np.array([[105.25, -7.5], [100.75, 3.0], [100.5, 40.25], [130.0, 20.0]])
    text, array = tmp_path / "p.csv", tmp_path / "p.npy"
    text.write_text(header + "\n".join(f"{y},{x}" for y, x in positions) + "\n", encoding="utf-8")
    np.save(array, positions)
    for path in (text, array):
        drawn = draw("file", path=path)
        np.testing.assert_allclose(drawn.positions_px, positions - np.array([100, -8]))
        assert drawn.extent_px == (30.0, 48.25)
        assert len(scan_facts(ScanParams(kind="file", path=path))["file_sha256"]) == 64


def test_a_scan_from_a_file_lies_on_the_object(tmp_path):
    np.save(tmp_path / "p.npy", np.random.default_rng(1).uniform(-50, 90, size=(60, 2)))
    scan = ScanParams(kind="file", path=tmp_path / "p.npy")
    params = SimulationParams(scan=scan, min_test_span_px=0)
    layout = lay_out_scans(params, DIAMETER_PX)
    for split in Split:
        positions = layout.positions_px[split]
        assert positions.shape == (60, 2)
        assert positions.min() >= 32
        assert np.all(positions.max(axis=0) <= np.array(layout.shape) - 32)


def test_positions_in_another_unit_are_refused_before_memory_runs_out(tmp_path):
    np.save(tmp_path / "nm.npy", np.random.default_rng(1).uniform(0, 1e5, size=(60, 2)))
    params = SimulationParams(scan=ScanParams(kind="file", path=tmp_path / "nm.npy"))
    with pytest.raises(ValueError, match="give positions from a file in object pixels"):
        lay_out_scans(params, DIAMETER_PX)


@pytest.mark.parametrize(
    ("content", "cure"),
    [
        ("1,2\n3,4\n5,nan\n7,9\n", r"the first is number 2: \[5.0, nan\]. Remove or correct"),
        ("1,2\n3,inf\n5,6\n7,9\n", "not finite"),
        ("1,2\n3,4\n", "at least four positions"),
        ("", "at least four positions"),
        ("1,2,3\n" * 4, r"shape \(J, 2\)"),
        ("1,2\n1,3\n1,4\n1,5\n", "in object pixels, not in metres"),
        ("1e-6,2e-6\n3e-6,4e-6\n5e-6,6e-6\n9e-6,8e-6\n", "in object pixels, not in metres"),
        ("x,y\n1,2\n3,4\n5,6\n7,9\n", "two columns of numbers, y and x"),
        ("1,2\n3\n", "two columns of numbers, y and x"),
    ],
)
def test_positions_that_make_no_scan_are_refused_with_the_cure(content, cure, tmp_path):
    (tmp_path / "p.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=cure):
        draw("file", path=tmp_path / "p.csv")


def test_a_file_without_positions_is_refused_with_the_cure(tmp_path):
    np.save(tmp_path / "p.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="one position a line"):
        draw("file", path=tmp_path / "p.npy")
    with pytest.raises(ValueError, match="Give the path of a file"):
        draw("file", path=tmp_path / "absent.csv")
    (tmp_path / "p.txt").touch()
    with pytest.raises(ValueError, match="Convert the file"):
        draw("file", path=tmp_path / "p.txt")


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"kind": "zigzag"}, "Choose one of: raster, fermat, concentric, random, file"),
        ({"kind": "file"}, "set both or neither"),
        ({"path": __file__}, "set both or neither"),
        ({"overlap_ratio": 1.0}, "less than 1"),
        ({"overlap_ratio": -0.1}, "greater than or equal to 0"),
        ({"overlap_ratio": np.nan}, "greater than or equal to 0|less than 1"),
        ({"jitter_fraction": 0.6}, "less than or equal to 0.5"),
    ],
)
def test_impossible_scans_are_refused_with_the_cure(options, cure):
    with pytest.raises(ValidationError, match=cure):
        ScanParams(**options)
