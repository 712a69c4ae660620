import csv
import hashlib
import re

import numpy as np
import pytest

from tasks.catalogue.metric import Metric, Score
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.gauge import Gauge, apply_gauge
from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.stage import compare
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.metrics_table import read_blocks, read_metrics_csv
from tasks.core.files.object_file import ObjectWindow, iterates_writer, read_object, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import Window, scan_box
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

ARMS = ("PtychoPINN", "Baseline", "PtyChi")
OUTPUTS = {
    "metrics": "comparison_metrics.csv",
    "plot": "comparison_plot.png",
    "aligned": "reconstructions_aligned.npz",
    "comparison": "comparison.json",
    "frc": "frc_curves.csv",
    "blocks": "block_metrics.csv",
}


def _write_study(folder, n_rows, step_px):
    """Write a scan, its view, its truth and three arms: noisy, noisier, in another gauge."""
    rng = np.random.default_rng(8)
    positions = jittered_raster(n_rows, n_rows, step_px, 0.2 * step_px, rng)
    positions += np.array([30.0, 44.0])
    probe = 30 * defocused_zone_plate_probe(32, 0.5, 0.2, 5.0)
    counts = np.ones((len(positions), 32, 32), dtype=np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {"split": "test"})
    write_scan(folder / "scan.cxi", scan)
    indices = list(range(len(positions)))
    write_json(
        folder / "view.json", {"view": "dense", "n_exposures": len(positions), "indices": indices}
    )
    box = scan_box(scan.positions_px, scan.n_px)
    extent = tuple(a + b + 9 for a, b in zip(box.corner_px, box.shape, strict=True))
    truth = ObjectWindow(make_object(ObjectParams(), extent, rng), (0, 0))
    write_object(folder / "truth.h5", truth)
    part = truth.cut(box)
    gauges = (Gauge(), Gauge(0.7j, (0.01, 0.02)), Gauge(1.3 * np.exp(2j), (-0.03, 0), (0.1, 0.2)))
    for arm, noise, gauge in zip(ARMS, (0.02, 0.05, 0.08), gauges, strict=True):
        image = part + noise * (
            rng.standard_normal(part.shape) + 1j * rng.standard_normal(part.shape)
        )
        write_object(folder / f"{arm}.h5", ObjectWindow(apply_gauge(image, gauge), box.corner_px))


def _files(folder, arms=ARMS, outputs="."):
    inputs = {"scan": "scan.cxi", "view": "view.json", "truth": "truth.h5"}
    inputs |= {arm: f"{arm}.h5" for arm in arms}
    return StageFiles(
        {name: folder / path for name, path in inputs.items()},
        {name: folder / outputs / path for name, path in OUTPUTS.items()},
    )


def _rewrite(folder, arm, change):
    window = read_object(folder / f"{arm}.h5")
    write_object(folder / f"{arm}.h5", change(window))


def _table(path):
    """Return the rows of a table; each of a model and a metric that the catalogues have."""
    rows = {(row.model, row.metric): row for row in read_metrics_csv(path)}
    raw = {f"raw_{metric.name}" for metric in METRICS.scored if metric.has_raw}
    assert {model for model, _ in rows} <= set(RECONSTRUCTIONS.entries)
    assert {metric for _, metric in rows} <= set(METRICS.entries) | raw
    return rows


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    _write_study(folder, 32, 6.5)
    said = []
    record = compare(ComparisonParams(), _files(folder), lambda *report: said.append(report))
    return folder, record, said


@pytest.fixture
def small(tmp_path):
    _write_study(tmp_path, 12, 6.0)
    return tmp_path


def test_every_metric_of_every_model_is_in_the_table_in_order(study):
    folder, record, said = study
    with (folder / "comparison_metrics.csv").open(newline="") as file:
        models = [row["model"] for row in csv.DictReader(file)]
    assert list(dict.fromkeys(models)) == [*ARMS, "Oracle", "Blurred", "Flat"] == record["models"]
    assert len({models.count(model) for model in set(models)}) == 1
    table = _table(folder / "comparison_metrics.csv")
    for model in record["models"]:
        for metric in ("mae", "mse", "psnr", "ssim", "ms_ssim"):
            for name in (metric, f"raw_{metric}"):
                row = table[model, name]
                assert row.amplitude is not None
                assert row.phase is not None
                assert row.value is None
        for metric in ("complex_nrmse", "gauge_shift_px", "gauge_factor_abs", "coverage_fraction"):
            assert table[model, metric].value is not None
    assert said[-1][0] == said[-1][1]


def _complex_correlation(pair):
    image, truth = pair.pixels
    norm = np.linalg.norm(image) * np.linalg.norm(truth)
    return Score(float(np.abs(np.vdot(truth, image)) / norm))


def _most_error(pair):
    return Score(float(pair.errors[pair.truth.mask].max()))


@pytest.mark.parametrize(
    "metric",
    [
        Metric(
            name="complex_correlation",
            label="complex correlation",
            family="correlation",
            higher_is_better=True,
            score=_complex_correlation,
        ),
        Metric(
            name="most_error",
            label="largest error",
            family="secondary",
            higher_is_better=False,
            score=_most_error,
            parts=("amplitude", "phase"),
        ),
    ],
)
def test_a_metric_of_the_catalogue_has_rows_without_another_line(small, monkeypatch, metric):
    compare(ComparisonParams(), _files(small, outputs="before"), silent)
    monkeypatch.setitem(METRICS.entries, metric.name, metric)
    compare(ComparisonParams(), _files(small, outputs="after"), silent)
    before, after = (
        _table(small / name / "comparison_metrics.csv") for name in ("before", "after")
    )
    known = [key for key in after if not key[1].endswith(metric.name)]
    assert [after[key] for key in known] == list(before.values())
    names = (metric.name, f"raw_{metric.name}")
    assert set(after) - set(known) == {(model, name) for model, _ in before for name in names}
    for model in (*ARMS, "Oracle", "Blurred", "Flat"):
        values = [getattr(after[model, metric.name], part) for part in metric.parts]
        assert all(0 <= value <= np.pi for value in values)
    if metric.family == "correlation":
        values = [after[arm, metric.name].value for arm in ARMS]
        assert values == sorted(values, reverse=True)
    blocks = {row.metric for row in read_blocks(small / "after" / "block_metrics.csv")}
    assert (metric.name in blocks) == (len(metric.parts) == 2)


def test_the_oracle_passes_and_the_flat_image_fails(study):
    table = _table(study[0] / "comparison_metrics.csv")
    assert table["Oracle", "mae"].amplitude < 1e-3
    assert table["Oracle", "ms_ssim"].amplitude > 0.999
    assert table["Oracle", "ms_ssim"].phase > 0.999
    assert table["Flat", "ms_ssim"].amplitude < 0.2
    assert table["Flat", "ms_ssim"].phase < 0.2


def test_the_blurred_truth_lies_between_the_oracle_and_the_flat_image(study):
    table = _table(study[0] / "comparison_metrics.csv")
    for metric, sign in (("ms_ssim", 1), ("mae", -1), ("psnr", 1), ("ssim", 1)):
        rows = [table[control, metric] for control in ("Oracle", "Blurred", "Flat")]
        for part in ("amplitude", "phase"):
            values = [sign * getattr(row, part) for row in rows]
            assert values[0] > values[1] > values[2]
    # A blur alone does not lower a ring's correlation by much, and moves nothing.
    assert table["Blurred", "frc_area"].value > 0.6
    assert table["Blurred", "gauge_shift_px"].value < 0.02


def test_the_gauge_s_validity_is_in_the_table(study):
    table = _table(study[0] / "comparison_metrics.csv")
    for model in study[1]["models"]:
        assert table[model, "gauge_at_bound"].value == 0
        assert table[model, "gauge_shift_determined"].value == (0 if model == "Flat" else 1)


def test_a_correlation_that_stays_high_has_no_crossing_and_the_reason(study):
    folder, record, _ = study
    table = _table(folder / "comparison_metrics.csv")
    crossings = [table[arm, "frc_half_crossing_per_px"].value or 0.5 for arm in ARMS]
    areas = [table[arm, "frc_area"].value for arm in ARMS]
    assert areas == sorted(areas, reverse=True)
    assert crossings[0] >= crossings[1] > crossings[2] > 0.2
    assert table["Oracle", "frc_half_crossing_per_px"].value is None
    assert table["Oracle", "frc_area"].value == pytest.approx(1, abs=1e-6)
    reasons = record["undefined"]
    reason = "not crossed: above 0.5 up to Nyquist"
    assert reasons["Oracle"]["frc_half_crossing_per_px"] == reason
    assert table["Flat", "frc_area"].value is None
    assert "no contrast" in reasons["Flat"]["frc_area"]


def test_the_curves_of_the_rings_fit_the_rows(study):
    folder, record, _ = study
    with (folder / "frc_curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["model", "frequency_per_px", "correlation", "ssnr"]
    assert list(dict.fromkeys(row["model"] for row in rows)) == [*ARMS, "Oracle", "Blurred"]
    table = _table(folder / "comparison_metrics.csv")
    own = [float(row["correlation"]) for row in rows if row["model"] == "PtyChi"]
    assert np.mean(own) == pytest.approx(table["PtyChi", "frc_area"].value, rel=1e-8)
    assert len(own) == min(record["region"]["rectangle_shape_px"]) // 2 - 1
    middle = next(row for row in rows if row["model"] == "PtyChi" and 0.2 < float(row["ssnr"]) < 5)
    power = float(middle["correlation"]) ** 2
    assert float(middle["ssnr"]) == pytest.approx(power / (1 - power), rel=1e-8)


def test_the_blocks_of_every_arm_have_the_metric_as_their_mean(study):
    folder = study[0]
    table = _table(folder / "comparison_metrics.csv")
    blocks: dict[tuple[str, str], list] = {}
    for row in read_blocks(folder / "block_metrics.csv"):
        blocks.setdefault((row.model, row.metric), []).append(row)
    metrics = ("mae", "mse", "psnr", "ssim", "ms_ssim")
    assert set(blocks) == {(arm, metric) for arm in ARMS for metric in metrics}
    for name, rows in blocks.items():
        assert [row.block for row in rows] == list(range(9))
        for part in ("amplitude", "phase"):
            values = [getattr(row, part) for row in rows]
            assert np.mean(values) == pytest.approx(getattr(table[name], part), rel=1e-8)
            assert np.std(values) > 0


def test_the_noisier_arm_scores_worse_whatever_its_gauge(study):
    folder, record, _ = study
    table = _table(folder / "comparison_metrics.csv")
    errors = [table[arm, "mae"].phase for arm in ARMS]
    similarities = [table[arm, "ms_ssim"].amplitude for arm in ARMS]
    assert errors == sorted(errors)
    assert similarities == sorted(similarities, reverse=True)
    assert table["PtychoPINN", "complex_nrmse"].value == pytest.approx(
        0.02 * np.sqrt(2) / _rms(folder), rel=0.05
    )
    assert record["flags"] == {arm: [] for arm in ARMS}


def _rms(folder):
    with np.load(folder / "reconstructions_aligned.npz", allow_pickle=False) as arrays:
        return np.sqrt(np.mean(np.abs(arrays["truth"][arrays["mask"]]) ** 2))


def test_the_planted_gauges_are_in_the_record(study):
    gauge = study[1]["gauge"]["PtyChi"]
    assert gauge["factor_abs"] == pytest.approx(1.3, rel=2e-3)
    np.testing.assert_allclose(gauge["ramp_rad_per_px"], (-0.03, 0.0), atol=1e-4)
    np.testing.assert_allclose(gauge["shift_px"], (0.1, 0.2), atol=0.02)
    assert gauge["shift_is_determined"]
    assert not gauge["at_bound"]


def test_the_aligned_arrays_share_one_frame(study):
    folder, record, _ = study
    with np.load(folder / "reconstructions_aligned.npz", allow_pickle=False) as arrays:
        shape = tuple(record["region"]["box_shape_px"])
        assert all(arrays[name].shape == shape for name in ("truth", "mask", *ARMS))
        assert int(arrays["mask"].sum()) == record["region"]["n_scored_px"]
        top, bottom, left, right = arrays["rectangle_px"]
        assert arrays["mask"][top:bottom, left:right].all()
        assert [bottom - top, right - left] == record["region"]["rectangle_shape_px"]
        assert min(bottom - top, right - left) >= 176
        truth = read_object(folder / "truth.h5").cut(Window(tuple(arrays["corner_px"]), shape))
        np.testing.assert_allclose(arrays["truth"], truth, atol=1e-6)


def test_the_files_are_what_the_record_says(study):
    folder, record, _ = study
    assert read_json(folder / "comparison.json") == record
    assert (folder / "comparison_plot.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_same_input_gives_the_same_bytes(small):
    digests = []
    for outputs in ("one", "two"):
        compare(ComparisonParams(), _files(small, outputs=outputs), silent)
        digests.append(
            [
                hashlib.sha256((small / outputs / name).read_bytes()).hexdigest()
                for name in OUTPUTS.values()
            ]
        )
    assert digests[0] == digests[1]


def test_a_region_too_small_for_ms_ssim_gives_empty_cells_and_the_reason(small):
    record = compare(ComparisonParams(), _files(small), silent)
    row = _table(small / "comparison_metrics.csv")["PtyChi", "ms_ssim"]
    assert row.amplitude is None
    assert row.phase is None
    assert "needs 176 px" in record["undefined"]["PtyChi"]["ms_ssim.amplitude"]
    assert record["flags"]["PtyChi"] == []


def test_blocks_of_what_has_no_value_are_empty_cells(small):
    compare(ComparisonParams(), _files(small), silent)
    rows = read_blocks(small / "block_metrics.csv")
    cells = [row for row in rows if row.metric == "ms_ssim"]
    assert len(cells) == 27
    assert all(row.amplitude is None and row.phase is None for row in cells)
    assert all(row.amplitude is not None for row in rows if row.metric in ("mae", "ssim"))


def _write_iterates(folder, arm, noises):
    """Write iterates that come to the arm's result, and return its path."""
    window = read_object(folder / f"{arm}.h5")
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(window.object_.shape)
    path = folder / f"{arm}.iterates.h5"
    with iterates_writer(path) as save:
        for epoch, size in noises.items():
            save(epoch, ObjectWindow(window.object_ + size * noise, window.origin_px))
    return path


def test_iterates_give_a_curve_a_picture_and_the_gain_of_the_last_epochs(small):
    inputs = dict(_files(small).inputs)
    inputs["PtychoPINN-refined"] = inputs["PtychoPINN"]
    inputs["PtyChi.iterates"] = _write_iterates(small, "PtyChi", {0: 0.5, 4: 0.3, 6: 0.2, 8: 0.0})
    refined = _write_iterates(small, "PtychoPINN", {0: 0.1, 1: 0.02, 2: 0.0})
    inputs["PtychoPINN-refined.iterates"] = refined
    more = {"convergence": "convergence.csv", "convergence_plot": "convergence.png"}
    outputs = {name: small / path for name, path in (OUTPUTS | more).items()}
    record = compare(ComparisonParams(), StageFiles(inputs, outputs), silent)
    with outputs["convergence"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], int(row["epoch"])) for row in rows] == [
        ("PtyChi", 0), ("PtyChi", 4), ("PtyChi", 6), ("PtyChi", 8),
        ("PtychoPINN-refined", 0), ("PtychoPINN-refined", 1), ("PtychoPINN-refined", 2),
    ]  # fmt: skip
    table = _table(outputs["metrics"])
    errors = {row["epoch"]: float(row["complex_nrmse"]) for row in rows[:4]}
    assert errors["8"] == pytest.approx(table["PtyChi", "complex_nrmse"].value, rel=1e-5)
    assert table["PtyChi", "doubling_gain"].value > 0.05
    assert any("had not converged" in flag for flag in record["flags"]["PtyChi"])
    assert ("Baseline", "doubling_gain") not in table
    assert table["PtychoPINN-refined", "doubling_gain"].value is None
    assert "epochs" in record["undefined"]["PtychoPINN-refined"]["doubling_gain"]
    saved = record["iterations_to_quality"]["PtychoPINN-refined"]
    assert saved["epochs"] in (0, 1)
    assert saved["ptychi_epochs"] is None
    assert outputs["convergence_plot"].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_halves_give_rows_without_the_truth_and_both_are_needed(small):
    inputs = dict(_files(small, ("PtyChi",)).inputs)
    view = read_json(inputs["view"])
    for number, half in enumerate(("even", "odd")):
        inputs[f"view.{half}"] = small / f"{half}.json"
        chosen = [i for i in view["indices"] if (i // 12 + i) % 2 == number]
        write_json(inputs[f"view.{half}"], view | {"indices": chosen})
        inputs[f"PtyChi.{half}"] = inputs["PtyChi"]
    outputs = {name: small / path for name, path in OUTPUTS.items()}
    record = compare(ComparisonParams(), StageFiles(inputs, outputs), silent)
    table = _table(outputs["metrics"])
    assert table["PtyChi", "heldout_deviance_per_px"].value > 0
    assert table["PtyChi", "halves_frc_area"].value == pytest.approx(1)
    assert table["PtyChi", "halves_frc_half_crossing_per_px"].value is None
    assert "0.5" in record["undefined"]["PtyChi"]["halves_frc_half_crossing_per_px"]
    assert record["n_held_out_patterns"]["PtyChi"] > 0
    del inputs["PtyChi.odd"]
    with pytest.raises(ValueError, match=r"PtyChi\.odd is missing. Give both halves"):
        compare(ComparisonParams(), StageFiles(inputs, outputs), silent)


def test_a_missing_arm_is_listed_and_has_no_rows(small):
    record = compare(ComparisonParams(), _files(small, ("PtyChi",)), silent)
    assert record["missing_arms"] == ["PtychoPINN", "Baseline"]
    models = {model for model, _ in _table(small / "comparison_metrics.csv")}
    assert models == {"PtyChi", "Oracle", "Blurred", "Flat"}


def test_the_region_of_the_arms_is_the_same_with_or_without_one_of_them(small):
    hashes = {
        compare(ComparisonParams(), _files(small, arms), silent)["region"]["sha256"]
        for arms in (ARMS, ARMS[:1])
    }
    assert len(hashes) == 1


def test_no_arm_at_all_is_refused(small):
    with pytest.raises(ValueError, match="Give at least one reconstruction"):
        compare(ComparisonParams(), _files(small, ()), silent)


def test_an_arm_without_a_picture_is_flagged_by_the_flat_image(small):
    def blank(window):
        rng = np.random.default_rng(0)
        noise = 0.4 * rng.standard_normal(window.object_.shape)
        return ObjectWindow(0.7 + noise + 0j, window.origin_px)

    _rewrite(small, "Baseline", blank)
    record = compare(ComparisonParams(), _files(small), silent)
    flags = " ".join(record["flags"]["Baseline"])
    assert "not determined" in flags
    assert "does not beat the flat image in amplitude mae" in flags
    assert record["flags"]["PtychoPINN"] == []


def test_a_reconstruction_that_is_not_finite_is_refused_by_name(small):
    def break_one(window):
        broken = window.object_.copy()
        broken[broken.shape[0] // 2, broken.shape[1] // 2] = np.nan
        return ObjectWindow(broken, window.origin_px)

    _rewrite(small, "PtyChi", break_one)
    with pytest.raises(ValueError, match=r"PtyChi \(PtyChi\.h5\): 1 of .* are not finite"):
        compare(ComparisonParams(), _files(small), silent)
    assert not (small / "comparison_metrics.csv").exists()


def test_what_lies_outside_the_region_may_be_anything(small):
    def fray(window):
        frayed = window.object_.copy()
        frayed[:3], frayed[-3:] = np.nan, 1e9
        return ObjectWindow(frayed, window.origin_px)

    _rewrite(small, "PtyChi", fray)
    record = compare(ComparisonParams(), _files(small), silent)
    assert record["flags"]["PtyChi"] == []


def _crop(share):
    def cropped(window):
        height = window.object_.shape[0]
        return ObjectWindow(window.object_[: round(share * height)], window.origin_px)

    return cropped


def test_a_window_that_holds_less_than_half_of_the_region_is_refused_with_its_coverage(small):
    _rewrite(small, "Baseline", _crop(0.5))
    with pytest.raises(ValueError, match=r"Baseline \(Baseline\.h5\) covers 49\.\d% of the reg"):
        compare(ComparisonParams(), _files(small), silent)
    least = ComparisonParams(min_window_coverage=0.4)
    assert compare(least, _files(small), silent)["flags"]["Baseline"]


def test_windows_that_share_no_pixel_are_refused(small):
    height = read_object(small / "PtyChi.h5").object_.shape[0]

    def lower(window):
        row, column = window.origin_px
        return ObjectWindow(window.object_[height // 2 :], (row + height // 2, column))

    _rewrite(small, "Baseline", _crop(0.5))
    _rewrite(small, "PtyChi", lower)
    with pytest.raises(ValueError, match=r"Baseline 49\.\d%, PtyChi \d+\.\d%.*compare them apart"):
        compare(ComparisonParams(min_window_coverage=0.1), _files(small), silent)


def test_a_window_that_holds_less_than_most_of_the_region_is_flagged(small):
    _rewrite(small, "Baseline", _crop(0.8))
    record = compare(ComparisonParams(), _files(small), silent)
    (flag,) = record["flags"]["Baseline"]
    assert re.fullmatch(r"its window holds 9[01]\.\d% of the region, under 95%", flag)
    assert record["flags"]["PtyChi"] == []


def test_a_slightly_smaller_window_shrinks_the_region_of_every_arm(small):
    whole = compare(ComparisonParams(), _files(small), silent)["region"]["n_scored_px"]
    _rewrite(small, "Baseline", lambda w: ObjectWindow(w.object_[:-14], w.origin_px))
    record = compare(ComparisonParams(), _files(small), silent)
    assert record["region"]["n_scored_px"] < whole
    assert (
        0.95 < _table(small / "comparison_metrics.csv")["Baseline", "coverage_fraction"].value < 1
    )
    assert record["flags"]["Baseline"] == []


def test_a_truth_that_does_not_cover_the_region_is_refused(small):
    truth = read_object(small / "truth.h5")
    write_object(small / "truth.h5", ObjectWindow(truth.object_[:60], (0, 0)))
    with pytest.raises(ValueError, match=r"truth\.h5 does not cover .* belongs to another scan"):
        compare(ComparisonParams(), _files(small), silent)


def test_a_truth_without_phase_contrast_has_no_phase_similarity(small):
    truth = read_object(small / "truth.h5")
    write_object(small / "truth.h5", ObjectWindow(np.abs(truth.object_) + 0j, (0, 0)))
    record = compare(ComparisonParams(), _files(small), silent)
    assert record["data_range"]["phase_rad"] == 0.0
    row = _table(small / "comparison_metrics.csv")["PtychoPINN", "ssim"]
    assert row.phase is None
    assert row.amplitude is not None
    assert "no contrast" in record["undefined"]["PtychoPINN"]["ssim.phase"]


def test_unknown_or_senseless_parameters_are_refused():
    for bad in ({"coverage": 0.1}, {"coverage_fraction": 0}, {"max_shift_px": 20}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            ComparisonParams.model_validate(bad)


def test_a_truth_whose_phase_spans_a_turn_is_drawn_and_scored(small):
    def stretch(window):
        object_ = window.object_
        return ObjectWindow(np.abs(object_) * np.exp(3.1j * np.angle(object_)), window.origin_px)

    _rewrite(small, "truth", stretch)
    clean = read_object(small / "truth.h5")
    noise = 0.02 * np.random.default_rng(1).standard_normal(clean.object_.shape)
    arm = ObjectWindow((clean.object_ + noise) * np.exp(3j), (0, 0))
    write_object(small / "PtyChi.h5", arm)
    record = compare(ComparisonParams(), _files(small, ("PtyChi",)), silent)
    row = _table(small / "comparison_metrics.csv")["PtyChi", "mae"]
    assert 0.8 * 2 * np.pi < record["data_range"]["phase_rad"] <= 2 * np.pi
    assert row.phase < 0.05
    assert (small / "comparison_plot.png").stat().st_size > 0


def test_what_is_different_for_a_network_of_another_hub_has_rows_and_flags(study, tmp_path):
    inputs = dict(_files(study[0]).inputs)
    differences = {"trained_dose_ratio": 0.1, "trained_other_view": 1.0}
    write_json(tmp_path / "source.json", {"source": "hub/folder", "differences": differences})
    inputs["Baseline.source"] = tmp_path / "source.json"
    outputs = {name: tmp_path / path for name, path in OUTPUTS.items()}
    record = compare(ComparisonParams(), StageFiles(inputs, outputs), silent)
    rows = _table(outputs["metrics"])
    assert rows["Baseline", "trained_dose_ratio"].value == 0.1
    assert ("PtychoPINN", "trained_dose_ratio") not in rows
    expected = ["trained at 0.1 times this dose", "trained on another view"]
    assert record["flags"]["Baseline"] == [f"its network was {text}" for text in expected]


def test_extra_reconstructions_and_what_networks_cost_have_rows_of_their_own(study, tmp_path):
    inputs = dict(_files(study[0]).inputs)
    for extra in ("NoNetwork", "NoNetwork5x", "PtychoPINN-adapted"):
        inputs[extra] = inputs["PtyChi"]
    write_json(
        tmp_path / "model.json",
        {"training": {"n_parameters": 12, "n_steps": 3, "flops_per_step": 5, "training_s": 8.1}},
    )
    inputs["Baseline.model"] = tmp_path / "model.json"
    outputs = {name: tmp_path / path for name, path in OUTPUTS.items()}
    record = compare(ComparisonParams(), StageFiles(inputs, outputs), silent)
    rows = _table(outputs["metrics"])
    assert list(dict.fromkeys(model for model, _ in rows)) == [
        *ARMS, "PtychoPINN-adapted", "NoNetwork", "NoNetwork5x", "Oracle",
        "Blurred", "Flat",
    ]  # fmt: skip
    assert rows["NoNetwork", "mae"].amplitude == rows["PtyChi", "mae"].amplitude
    costs = {name: rows["Baseline", name].value for name in ("n_parameters", "flops_per_step")}
    assert costs == {"n_parameters": 12, "flops_per_step": 5}
    assert ("Baseline", "training_s") not in rows, "times differ between equal runs"
    assert ("PtychoPINN", "n_parameters") not in rows
    assert record["missing_arms"] == []


def test_the_truth_of_another_scan_is_refused_by_both_names(tmp_path):
    params = SimulationParams(train_positions=(6, 6), test_positions=(9, 9), min_test_span_px=0)
    outputs = {"train": "train.cxi", "test": "scan.cxi", "truth": "truth.h5"}
    for seed in (1, 2):
        files = {name: tmp_path / str(seed) / file for name, file in outputs.items()}
        simulate(params.model_copy(update={"seed": seed}), StageFiles({}, files), silent)
        view = {"view": "dense", "n_exposures": 81, "indices": list(range(0, 81, 2))}
        write_json(tmp_path / str(seed) / "view.json", view)
        truth = read_object(tmp_path / str(seed) / "truth.h5")
        write_object(tmp_path / str(seed) / "PtyChi.h5", truth)
    own = _files(tmp_path / "1", ("PtyChi",))
    assert compare(ComparisonParams(), own, silent)["truth_checked"] is True
    mixed = StageFiles(own.inputs | {"truth": tmp_path / "2" / "truth.h5"}, own.outputs)
    with pytest.raises(ValueError, match=r"truth\.h5 belongs to another scan than scan\.cxi.*Give"):
        compare(ComparisonParams(), mixed, silent)
    moved = ObjectWindow(read_object(own.inputs["truth"]).object_, (1, 0))
    write_object(tmp_path / "1" / "truth.h5", moved)
    with pytest.raises(ValueError, match="belongs to another scan"):
        compare(ComparisonParams(), own, silent)


def test_a_scan_that_names_no_truth_is_accepted_and_the_record_says_so(study):
    assert study[1]["truth_checked"] is False
