import numpy as np
import pytest
from pydantic import ValidationError

from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json, sha256_of
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.groups import Groups, draw_seed_points
from tasks.core.geometry.overlap import disc_overlap_fraction, jittered_raster, measure_overlap
from tasks.core.geometry.patches import illumination_map, scan_box
from tasks.core.physics.probe import defocused_zone_plate_probe, energy_diameter_px
from tasks.core.study.seeds import Seeds, Split
from tasks.core.study.stage_record import silent
from tasks.views.exposures import select_nested
from tasks.views.overlap import (
    form_view_groups,
    overlap_between_groups,
    overlap_between_images,
    overlap_metrics,
    overlap_within_groups,
)
from tasks.views.params import OVERLAP_RATIO, MeasuredViewParams, View, ViewParams
from tasks.views.stage import select_view, take_every_exposure

OUTPUTS = {
    "view": "view.json",
    "overlap": "overlap.json",
    "coverage": "coverage.npz",
    "plot": "coverage.png",
}
DIAMETER = 20.0


def raster(side=9, step=6.0, jitter=0.0):
    return jittered_raster(side, side, step, jitter, np.random.default_rng(3)) + 40.0


@pytest.fixture
def scan(tmp_path):
    """A scan that overlaps by 0.7, on disk as `scan.cxi`."""
    probe = 30 * defocused_zone_plate_probe(32, 0.5, 0.2, 5.0)
    positions = raster(14, 0.3 * energy_diameter_px(probe), 0.5)
    counts = np.ones((len(positions), 32, 32), dtype=np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {})
    write_scan(tmp_path / "scan.cxi", scan)
    return scan


def run(stage_files, prefix="", **params):
    outputs = {name: prefix + file for name, file in OUTPUTS.items()}
    files = stage_files({"scan": "scan.cxi"}, outputs)
    return select_view(ViewParams(**params), files, silent), files.outputs


def test_a_view_records_its_overlaps_its_settings_and_its_share(scan, stage_files):
    facts, outputs = run(stage_files, view="sparse", n_samples=3)
    assert read_json(outputs["overlap"]) == facts
    assert facts["acceptance_fraction"] == facts["n_selected"] / len(scan) < 0.3
    assert facts["n_groups"] == 3 * facts["n_selected"]
    assert facts["group_settings"] == {
        "gridsize": 2,
        "group_size": 4,
        "n_neighbours": 7,
        "n_samples": 3,
        "n_seed_points": None,
        "grouping_seed": 123,
        "subsampling_seed": 456,
    }


def test_the_same_exposures_overlap_more_in_the_dense_view(scan, stage_files):
    (dense, _), (sparse, _) = (run(stage_files, view=view) for view in View)
    for kind in ("within_groups", "between_images", "between_groups"):
        key = f"overlap_{kind}"
        assert dense[key]["mean"] > sparse[key]["mean"] + 0.2
        assert dense[key]["smallest"] <= dense[key]["mean"] <= dense[key]["largest"]


def test_the_coverage_is_the_light_of_the_chosen_exposures(scan, stage_files):
    _, outputs = run(stage_files, view="sparse")
    positions = scan.positions_px[read_json(outputs["view"])["indices"]]
    with np.load(outputs["coverage"], allow_pickle=False) as file:
        coverage, corner = file["coverage"], file["corner_px"]
    box = scan_box(positions, 32)
    assert tuple(corner) == box.corner_px
    np.testing.assert_allclose(
        coverage, illumination_map(scan.probe, positions - corner, box.shape), rtol=1e-6
    )
    # The Fourier shift of the probe keeps its energy, so each exposure brings the same light.
    photons = len(positions) * np.sum(np.abs(scan.probe) ** 2)
    assert coverage.sum(dtype=np.float64) == pytest.approx(photons, rel=1e-6)


def test_a_view_is_the_same_bytes_every_time(scan, stage_files):
    _, first = run(stage_files, "first_")
    _, second = run(stage_files, "second_")
    assert [sha256_of(path) for path in first.values()] == [
        sha256_of(path) for path in second.values()
    ]


def test_the_seeds_of_the_groups_leave_the_choice_of_exposures_alone(scan, stage_files):
    first_facts, first = run(stage_files, "first_", n_seed_points=30)
    second_facts, second = run(stage_files, "second_", n_seed_points=30, grouping_seed=7)
    third_facts, _ = run(stage_files, "third_", n_seed_points=30, subsampling_seed=7)
    assert sha256_of(first["view"]) == sha256_of(second["view"])
    key = "overlap_within_groups"
    assert len({facts[key]["mean"] for facts in (first_facts, second_facts, third_facts)}) == 3
    assert first_facts["overlap_between_images"] == second_facts["overlap_between_images"]


@pytest.mark.parametrize("overlap", [0.7, 0.8, 0.9])
def test_the_sparse_view_is_part_of_the_dense_one_however_fine_the_scan_is(overlap):
    positions = raster(40, (1 - overlap) * DIAMETER, 0.2)
    dense, sparse = (select_nested(positions, view, DIAMETER) for view in View)
    assert set(sparse) < set(dense)
    assert len(dense) < len(positions) or overlap == 0.7


@pytest.mark.parametrize("side", range(10, 32))
def test_a_view_measures_what_its_name_says_however_many_positions_there_are(side):
    positions = raster(side, 0.3 * DIAMETER, 0.06 * DIAMETER)
    for view, ratio in OVERLAP_RATIO.items():
        chosen = positions[select_nested(positions, view, DIAMETER)]
        assert measure_overlap(chosen, DIAMETER).overlap_ratio == pytest.approx(ratio, abs=0.05)


def test_overlap_within_a_group_is_that_of_the_members_with_the_seed_point():
    positions = np.array([[0.0, 0], [0, 5], [10, 0], [100, 100]])
    groups = Groups(np.array([[0, 1, 2], [3, 0, 1]]))
    first, second = overlap_within_groups(positions, groups, DIAMETER)
    assert first == pytest.approx(disc_overlap_fraction(np.array([5.0, 10.0]), DIAMETER).mean())
    assert second == 0.0


def test_overlap_between_images_has_its_closed_form_on_a_raster():
    positions = raster(9, 6.0)
    values = overlap_between_images(positions, 4, DIAMETER).reshape(9, 9)
    np.testing.assert_allclose(values[1:-1, 1:-1], disc_overlap_fraction(6.0, DIAMETER))
    assert values[0, 0] < values[4, 4], "a corner's fourth neighbour is further away"


def test_overlap_between_groups_is_that_of_their_centres():
    positions = np.array([[0.0, 0], [0, 4], [0, 6], [0, 10]])
    groups = Groups(np.array([[0, 1], [2, 3], [1, 2]]))
    near, shared = overlap_between_groups(positions, groups, 2, DIAMETER)
    six, three = (float(disc_overlap_fraction(d, DIAMETER)) for d in (6.0, 3.0))
    assert near == pytest.approx([(six + three) / 2, (six + three) / 2, three])
    assert shared == pytest.approx([0.25, 0.25, 0.5])


def test_groups_of_the_same_seed_point_are_not_compared():
    positions = raster(6, 6.0)
    params = ViewParams(n_samples=5)
    groups = form_view_groups(positions, params)
    near, _ = overlap_between_groups(positions, groups, 7, DIAMETER)
    alone = Groups(groups.members[:5])
    assert len(near) == 5 * 36
    assert overlap_between_groups(positions, alone, 7, DIAMETER)[0].size == 0


def test_exposures_alone_have_no_overlap_within_a_group():
    metrics = overlap_metrics(raster(), ViewParams(gridsize=1), DIAMETER)
    assert metrics["overlap_within_groups"] is None
    # A group of one exposure is its own centre, so its neighbours are those of the image.
    assert metrics["overlap_between_groups"] == metrics["overlap_between_images"]
    assert metrics["shared_exposure_fraction_between_groups"]["largest"] == 0


def test_a_view_of_too_few_exposures_is_refused_with_the_cure():
    with pytest.raises(ValueError, match="Lower n_neighbours to 3 or less"):
        overlap_metrics(raster(2), ViewParams(), DIAMETER)


@pytest.mark.parametrize(
    ("params", "cure"),
    [
        ({"gridsize": 3}, "Raise n_neighbours to 8 or more"),
        ({"gridsize": 1, "n_samples": 2}, "Lower n_samples to 1"),
        ({"n_samples": 36}, "Lower n_samples to 35"),
    ],
)
def test_groups_that_cannot_be_formed_are_refused_with_the_cure(params, cure):
    with pytest.raises(ValidationError, match=cure):
        ViewParams(**params)


def test_more_seed_points_than_exposures_are_refused(rng):
    with pytest.raises(ValueError, match="Lower n_seed_points to 5 or less"):
        draw_seed_points(5, 6, rng)


def test_the_plan_writes_coverage_and_hands_the_seeds_of_the_study():
    views = make_plan(PhaseGParams(seed=50, splits=("test",))).replicates[0].named("view")
    (call,) = (view for view in views if view.stage.endswith(f".{Split.TEST.value}"))
    folder = "data/phase_d/dose_1000/dense/test"
    assert call.outputs == {
        "view": f"{folder}/view.json",
        "overlap": f"{folder}/overlap_metrics.json",
        "coverage": f"{folder}/coverage.npz",
        "plot": f"{folder}/coverage.png",
    }
    seeds = Seeds.from_study_seed(50)
    assert call.params["grouping_seed"] == seeds.grouping
    assert call.params["subsampling_seed"] == seeds.subsampling


def test_every_exposure_of_a_measured_scan_is_taken_whatever_the_overlap(scan, stage_files):
    files = stage_files({"scan": "scan.cxi"}, OUTPUTS)
    facts = take_every_exposure(MeasuredViewParams(overlap_tolerance=1e-9), files, silent)
    assert facts["view"] == "measured"
    assert facts["nominal_overlap_ratio"] is None
    assert facts["acceptance_fraction"] == 1.0
    assert read_json(files.outputs["view"])["indices"] == list(range(len(scan)))
