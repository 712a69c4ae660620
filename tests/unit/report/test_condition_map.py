"""The map over dose and overlap: planted deltas come back, with the break-even where it must be."""

import csv
import shutil

import matplotlib.image
import numpy as np
import pytest

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import (
    CONDITION_MAP,
    CONDITION_MAP_PLOT,
    COST_TABLE,
    REPORT_PAGE,
)
from tasks.report.condition_map.condition_map import side_of, zero_crossings, zero_lines
from tasks.report.condition_map.map_figure import edges, write_condition_map_plot
from tasks.report.condition_map.map_text import map_lines, map_markdown
from tasks.report.costs.cost_table import COLUMNS
from tasks.report.publish.write_reports import rebuild_numbers, rebuild_reports
from tasks.report.records.map_files import ConditionMap
from tasks.report.statistics.summary import ReportParams
from tasks.report.verification.hub_files import HubFiles
from tasks.report.verification.reports import number_checks

DOSES, OVERLAPS = (1e3, 1e4, 1e5), {"sparse": 0.2, "dense": 0.7}
N_PATTERNS, N_EPOCHS = 100, 10


def planted(dose, overlap):
    """PtychoPINN's gain in MS-SSIM: even along log10(dose) = 4.4 - 0.6 overlap."""
    return 0.02 * (np.log10(dose) - 4.4 + 0.6 * overlap)


def put(hub, dose, view, replicate=1, with_costs=True):
    """Plant one comparison: MS-SSIM against both rivals, errors, costs and iterates."""
    seed = "" if replicate == 1 else f"replicate_{replicate}/"
    gain = planted(dose, OVERLAPS[view]) + (0, 1e-3, -1e-3)[replicate - 1]
    rows = []
    for arm, own in (("PtychoPINN", True), ("Baseline", False), ("PtyChi", False)):
        rows += [
            MetricRow(arm, "ms_ssim", *(0.9 + gain * own,) * 2),
            MetricRow(arm, "mae", 0.04, 0.3 if own else 0.1),
            MetricRow(arm, "complex_nrmse", value=0.25 if own else 0.1),
        ]
    write_metrics_csv(
        hub / f"analysis/dose_{dose:.0f}/{seed}{view}/test/comparison_metrics.csv", rows
    )
    overlap = {"overlap_ratio": OVERLAPS[view]}
    write_json(
        hub / f"data/phase_d/dose_{dose:.0f}/{seed}{view}/test/overlap_metrics.json", overlap
    )
    if with_costs:
        with (hub / f"analysis/dose_{dose:.0f}/{seed}{view}/test/convergence.csv").open(
            "w"
        ) as file:
            file.write("model,epoch,complex_nrmse,amplitude_mae,phase_mae\n")
            for epoch in (0, 5, N_EPOCHS):
                error = 1.1 - 0.1 * epoch
                file.write(f"PtyChi,{epoch},{error},{error},{error}\n")


def put_costs(hub, conditions):
    """PtychoPINN works 2 CPU-seconds a scan, pty-chi 8; either has 3 of start beside them."""
    with (hub / COST_TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for dose, view, replicate in conditions:
            for model, work_s, training_s in (("PtychoPINN", 2.0, 30.0), ("PtyChi", 8.0, 0.0)):
                key = {"dose": dose, "view": view, "split": "test", "replicate": replicate}
                cost = {
                    "wall_s": work_s + 3,
                    "cpu_s": work_s + 3,
                    "training_cpu_s": training_s,
                    "peak_memory_mib": 500,
                    "n_patterns": N_PATTERNS,
                    "patterns_per_s": N_PATTERNS / work_s,
                }
                writer.writerow({"model": model} | key | cost)


def make_map(hub):
    """Make the numbers of a hub, its map among them, and return the map."""
    rebuild_numbers(hub, ReportParams())
    return read_json(hub / CONDITION_MAP)


def draw(hub):
    write_condition_map_plot(hub / CONDITION_MAP_PLOT, read_json(hub / CONDITION_MAP))
    return (hub / CONDITION_MAP_PLOT).read_bytes()


@pytest.fixture(scope="module")
def whole_hub(tmp_path_factory):
    hub = tmp_path_factory.mktemp("study")
    places = [(dose, view, n) for dose in DOSES for view in OVERLAPS for n in (1, 2, 3)]
    for place in places:
        put(hub, *place)
    put_costs(hub, places)
    make_map(hub)
    return hub


@pytest.fixture
def hub(whole_hub, tmp_path):
    """A study to look at or to damage."""
    return shutil.copytree(whole_hub, tmp_path / "hub")


def find(content, basis, against, metric, part):
    names = {"basis": basis, "against": against, "metric": metric, "part": part}
    (one,) = [m for m in content["maps"] if {n: m[n] for n in names} == names]
    return one


def test_planted_deltas_come_back_with_their_verdicts(hub):
    content = read_json(hub / CONDITION_MAP)
    ConditionMap.model_validate(content)
    assert [entry["view"] for entry in content["views"]] == ["sparse", "dense"]
    one = find(content, "result", "PtyChi", "ms_ssim", "phase")
    assert len(one["cells"]) == 6
    for cell in one["cells"]:
        expected = planted(cell["dose"], OVERLAPS[cell["view"]])
        assert cell["delta"] == pytest.approx(expected, abs=1e-12)
        assert cell["low"] < expected < cell["high"]
        assert cell["kind"] == "seeds"
        assert cell["n_replicates"] == 3
        if cell["verdict"] != "inconclusive":
            assert cell["verdict"] == ("better" if expected > 0 else "worse")


def test_the_break_even_line_is_the_planted_one_and_stays_between_measured_points(hub):
    one = find(read_json(hub / CONDITION_MAP), "result", "Baseline", "ms_ssim", "amplitude")
    assert one["side"] == "mixed"
    (line,) = one["break_even"]
    for dose, overlap in line:
        assert np.log10(dose) == pytest.approx(4.4 - 0.6 * overlap, abs=1e-9)
        assert 0.2 <= overlap <= 0.7
    assert {round(overlap, 9) for _, overlap in line} >= {0.2, 0.7}, "it runs from edge to edge"
    doses = {entry["view"]: entry["doses"] for entry in one["crossings"]}
    assert doses["sparse"] == pytest.approx([10**4.28])
    assert doses["dense"] == pytest.approx([10**3.98])


def test_a_side_is_named_where_nothing_is_even_and_no_line_is_drawn(hub):
    one = find(read_json(hub / CONDITION_MAP), "result", "PtyChi", "mae", "phase")
    assert one["side"] == "worse"
    assert one["break_even"] == []
    assert all(entry["doses"] == [] for entry in one["crossings"])


def test_pty_chi_is_stopped_after_the_cpu_seconds_of_ptychopinn(hub):
    content = read_json(hub / CONDITION_MAP)
    # 2 of 8 CPU-seconds are 2.5 of 10 epochs, where every error is 0.85.
    one = find(content, "equal_cpu", "PtyChi", "mae", "phase")
    assert one["side"] == "better"
    for cell in one["cells"]:
        assert cell["delta"] == pytest.approx(0.3 - 0.85)
    for entry in content["costs"]:
        # It comes to PtychoPINN's 0.25 after 8.5 epochs: 6.8 CPU-seconds.
        assert entry["ptychi_cpu_s_to_match"] == pytest.approx(6.8)
        assert entry["cpu_ratio_at_equal_error"] == pytest.approx(3.4)
        assert entry["scans_to_pay_training"] == 7
        assert (entry["ptychopinn_cpu_s"], entry["ptychi_cpu_s"]) == pytest.approx((2, 8))


def test_where_pty_chi_never_becomes_as_good_nothing_is_invented(tmp_path):
    for view in OVERLAPS:
        put(tmp_path, 1e3, view)
        path = tmp_path / f"analysis/dose_1000/{view}/test/convergence.csv"
        path.write_text(
            "model,epoch,complex_nrmse,amplitude_mae,phase_mae\nPtyChi,10,0.5,0.5,0.5\n"
        )
    put_costs(tmp_path, [(1e3, view, 1) for view in OVERLAPS])
    content = make_map(tmp_path)
    for entry in content["costs"]:
        assert entry["ptychi_cpu_s_to_match"] is None
        assert entry["scans_to_pay_training"] is None
    assert "not reached" in map_markdown(content)


def test_without_costs_the_map_has_the_results_alone(tmp_path):
    for view in OVERLAPS:
        put(tmp_path, 1e3, view, with_costs=False)
    content = make_map(tmp_path)
    one = find(content, "equal_cpu", "PtyChi", "mae", "phase")
    assert one["side"] is None
    assert {cell["reason"] for cell in one["cells"]} == {"costs, iterates or an error are missing"}
    assert find(content, "result", "PtyChi", "ms_ssim", "phase")["side"] == "worse"
    draw(tmp_path)


def test_damaged_costs_are_a_gap_and_no_failure(hub):
    (hub / COST_TABLE).write_text("model\nPtyChi\n")
    content = make_map(hub)
    assert any("arm_costs.csv cannot be used" in gap for gap in content["gaps"])
    assert str(hub) not in str(content)


def test_reports_made_again_make_the_map_and_a_hub_of_one_condition_has_none(tmp_path):
    put(tmp_path, 1e3, "dense")
    put(tmp_path, 1e3, "sparse")
    rebuild_reports(tmp_path, ReportParams())
    assert len(read_json(tmp_path / CONDITION_MAP)["costs"]) == 2
    assert CONDITION_MAP.rpartition("/")[2] in (tmp_path / REPORT_PAGE).read_text()
    shutil.rmtree(tmp_path / "analysis/dose_1000/sparse")
    rebuild_reports(tmp_path, ReportParams())
    assert not (tmp_path / CONDITION_MAP).exists()
    assert not (tmp_path / CONDITION_MAP_PLOT).exists()


def test_a_changed_map_is_found_by_the_verification(hub):
    def fault():
        checks = number_checks(HubFiles(hub))
        return next(check for check in checks if check.name == f"numbers {CONDITION_MAP}")

    assert fault().valid
    content = read_json(hub / CONDITION_MAP)
    content["maps"][0]["cells"][0]["delta"] += 1e-6
    write_json(hub / CONDITION_MAP, content)
    assert not fault().valid
    (hub / CONDITION_MAP).unlink()
    assert "is missing" in fault().detail


def test_equal_hubs_give_equal_maps(hub):
    before = (hub / CONDITION_MAP).read_bytes(), draw(hub)
    make_map(hub)
    assert before == ((hub / CONDITION_MAP).read_bytes(), draw(hub))


def test_the_words_name_every_condition_and_where_it_is_even(hub):
    content = read_json(hub / CONDITION_MAP)
    lines = map_lines(content)
    rows = [line.split()[:3] for line in lines if line.split()[0] in ("1000", "10000", "100000")]
    assert len(rows) == 6 * 2
    text = "\n".join(lines)
    assert "dense break-even at 9.55e+03 photons per pattern" in text
    assert "MAE phase [rad], PtychoPINN - PtyChi: worse at every measured point." in text
    assert "| 1000 | dense | 2.000 | 8.000 | 6.800 | 3.4 | 30.000 | 7 |" in map_markdown(content)


def test_the_picture_has_colours_of_both_sides(hub):
    draw(hub)
    pixels = matplotlib.image.imread(hub / CONDITION_MAP_PLOT)[..., :3]
    red, green, blue = (pixels[..., n] for n in range(3))
    assert np.mean((green > red + 0.1) & (blue > red + 0.1)) > 0.02, "in favour of PtychoPINN"
    assert np.mean((red > blue + 0.2) & (green > blue + 0.05)) > 0.02, "against it"


@pytest.mark.parametrize(
    ("values", "doses"),
    [
        ((-1.0, 1.0), [10**3.5]),
        ((-1.0, 3.0), [10**3.25]),
        ((0.0, 1.0), [1e3]),
        ((1.0, 2.0), []),
        ((None, 1.0), []),
    ],
)
def test_crossings_are_linear_in_the_logarithm_of_the_dose(values, doses):
    assert zero_crossings((1e3, 1e4), values) == pytest.approx(doses)


def test_no_line_is_drawn_beside_an_unknown_point():
    values = np.array([[-1.0, 1.0, np.nan], [-1.0, 1.0, np.nan]])
    (line,) = zero_lines((1e3, 1e4, 1e5), (0.2, 0.7), values)
    assert all(dose == pytest.approx(10**3.5) for dose, _ in line)
    assert zero_lines((1e3, 1e4), (0.2, 0.7), np.full((2, 2), np.nan)) == []
    assert zero_lines((1e3, 1e4), (0.2,), np.array([[-1.0, 1.0]])) == []


def test_sides():
    assert side_of([1.0, None]) == "better"
    assert side_of([-1.0]) == "worse"
    assert side_of([-1.0, 1.0]) == side_of([0.0]) == "mixed"
    assert side_of([None]) is None


def test_cells_meet_half_way_between_measured_points():
    np.testing.assert_allclose(edges([3, 4, 5], 0.5), [2.5, 3.5, 4.5, 5.5])
    np.testing.assert_allclose(edges([3], 0.5), [2.5, 3.5])
