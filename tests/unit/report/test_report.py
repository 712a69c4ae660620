import math
from pathlib import Path

import pytest

from flows.cli.without_a_run import report
from tasks.core.files.atomic_files import read_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    DELTA_SUMMARY,
    DIGEST,
    HIGHLIGHTS,
    METRICS_SUMMARY,
    PREVIEW,
)
from tasks.report.publish.artifacts import THUMBNAIL_LIMIT_BYTES, delta_table, report_markdown
from tasks.report.publish.write_reports import rebuild_numbers, write_numbers
from tasks.report.records.comparisons import comparison_at, find_comparisons
from tasks.report.statistics.deltas import delta_summary
from tasks.report.statistics.summary import ReportParams, metrics_summary
from tasks.report.texts.highlights import highlight_lines, preview_lines
from tasks.report.texts.summary_text import other_tables

VALUES = {
    "PtychoPINN": (0.90, 0.85, 0.030, 0.070),
    "Baseline": (0.89, 0.835, 0.035, 0.070025),
    "PtyChi": (0.895, 0.842, 0.0325, 0.070018),
    "Flat": (0.05, 0.06, 0.2, 0.4),
}
FOUR_LINES = """\
MS-SSIM Δ (PtychoPINN - Baseline)  : amplitude +0.010  phase +0.015
MS-SSIM Δ (PtychoPINN - PtyChi)    : amplitude +0.005  phase +0.008
MAE Δ (PtychoPINN - Baseline)      : amplitude -0.005000  phase -0.000025
MAE Δ (PtychoPINN - PtyChi)        : amplitude -0.002500  phase -0.000018
"""
PREVIEW_LINES = """\
MS-SSIM Δ (PtychoPINN - Baseline): +0.015
MS-SSIM Δ (PtychoPINN - PtyChi): +0.008
MAE Δ (PtychoPINN - Baseline): -0.000025
MAE Δ (PtychoPINN - PtyChi): -0.000018
"""


def rows(values=VALUES):
    return [
        row
        for model, (ssim_a, ssim_p, mae_a, mae_p) in values.items()
        for row in (
            MetricRow(model, "ms_ssim", ssim_a, ssim_p),
            MetricRow(model, "mae", mae_a, mae_p),
        )
    ]


def put_table(hub: Path, table, dose="1000", view="dense", split="test") -> Path:
    path = hub / f"analysis/dose_{dose}/{view}/{split}/comparison_metrics.csv"
    write_metrics_csv(path, table)
    return path


def test_the_four_highlight_lines_are_exact(tmp_path):
    put_table(tmp_path, rows())
    rebuild_numbers(tmp_path, ReportParams())
    assert (tmp_path / HIGHLIGHTS).read_text(encoding="utf-8") == FOUR_LINES
    assert (tmp_path / PREVIEW).read_text(encoding="utf-8") == PREVIEW_LINES


def test_deltas_are_the_differences_of_the_means(tmp_path):
    put_table(tmp_path, rows())
    other = {m: tuple(v / 2 for v in values) for m, values in VALUES.items()}
    put_table(tmp_path, rows(other), dose="10000")
    rebuild_numbers(tmp_path, ReportParams())
    summary, delta = read_json(tmp_path / METRICS_SUMMARY), read_json(tmp_path / DELTA_SUMMARY)
    means = summary["aggregate_metrics"]
    assert means["PtychoPINN"]["ms_ssim"]["mean_amplitude"] == pytest.approx((0.9 + 0.45) / 2)
    assert means["PtychoPINN"]["ms_ssim"]["best_amplitude"] == 0.9
    for rival in ("Baseline", "PtyChi"):
        for metric in ("ms_ssim", "mae"):
            for part in ("amplitude", "phase"):
                expected = (
                    means["PtychoPINN"][metric][f"mean_{part}"]
                    - means[rival][metric][f"mean_{part}"]
                )
                assert delta["deltas"][f"vs_{rival}"][metric][part] == expected
    assert delta["source_metrics"] == "analysis/metrics_summary.json"
    assert read_json(tmp_path / COMPARISON_MANIFEST)["n_success"] == 2


def test_the_headline_is_over_the_test_split_alone(tmp_path):
    put_table(tmp_path, rows(), split="test")
    put_table(tmp_path, rows(dict.fromkeys(VALUES, (0.1, 0.1, 0.9, 0.9))), split="train")
    summary = metrics_summary(find_comparisons(tmp_path), "test")
    assert summary["aggregate_split"] == "test"
    assert summary["aggregate_metrics"] == summary["aggregate_by_split"]["test"]
    assert summary["aggregate_by_split"]["train"]["PtyChi"]["mae"]["mean_phase"] == 0.9


def test_without_a_test_split_all_jobs_count(tmp_path):
    put_table(tmp_path, rows(), split="train")
    summary = metrics_summary(find_comparisons(tmp_path), "test")
    assert summary["aggregate_split"] == "all"
    assert summary["aggregate_metrics"]["PtyChi"]["mae"]["mean_phase"] == 0.070018


def test_a_missing_arm_is_null_and_flagged(tmp_path):
    put_table(tmp_path, rows({m: v for m, v in VALUES.items() if m != "PtyChi"}))
    publication = rebuild_numbers(tmp_path, ReportParams())
    deltas = read_json(tmp_path / DELTA_SUMMARY)["deltas"]
    assert deltas["vs_PtyChi"] == {
        metric: {"amplitude": None, "phase": None} for metric in ("ms_ssim", "mae")
    }
    assert deltas["vs_Baseline"]["ms_ssim"]["amplitude"] == pytest.approx(0.01)
    assert {"job": "dose_1000/dense/test", "model": "PtyChi", "flag": "missing"} in (
        publication.summary["flags"]
    )
    assert "amplitude n/a  phase n/a" in (tmp_path / HIGHLIGHTS).read_text(encoding="utf-8")


def test_a_comparison_without_an_arm_is_a_failure(tmp_path, capsys):
    put_table(tmp_path, rows({m: v for m, v in VALUES.items() if m != "PtyChi"}))
    put_table(tmp_path, rows(), dose="10000")
    assert report(tmp_path, verify=True) == 1
    word = "FAILURES PRESENT: 0 of 2 comparisons failed, 1 without PtyChi"
    assert word in capsys.readouterr().out.splitlines()
    digest = (tmp_path / DIGEST).read_text(encoding="utf-8")
    assert digest.rstrip().endswith(word)
    assert "dense view, test split (without PtyChi)" in digest
    summary = read_json(tmp_path / METRICS_SUMMARY)
    assert (summary["n_success"], summary["n_failed"]) == (2, 0)
    assert summary["incomplete"] == [{"job": "dose_1000/dense/test", "missing": ["PtyChi"]}]
    entries = read_json(tmp_path / COMPARISON_MANIFEST)["comparisons"]
    assert [entry["missing"] for entry in entries] == [["PtyChi"], []]


def test_a_missing_metric_is_null(tmp_path):
    table = [row for row in rows() if (row.model, row.metric) != ("Baseline", "ms_ssim")]
    put_table(tmp_path, table)
    deltas = rebuild_numbers(tmp_path, ReportParams()).delta["deltas"]
    assert deltas["vs_Baseline"]["ms_ssim"] == {"amplitude": None, "phase": None}
    assert deltas["vs_Baseline"]["mae"]["amplitude"] == pytest.approx(-0.005)


def test_a_mean_is_null_unless_every_job_has_the_value(tmp_path):
    put_table(tmp_path, rows())
    put_table(tmp_path, [r for r in rows() if r.model != "Baseline"], dose="10000")
    means = metrics_summary(find_comparisons(tmp_path), "test")["aggregate_metrics"]
    assert means["Baseline"]["mae"]["mean_phase"] is None
    assert means["PtyChi"]["mae"]["mean_phase"] is not None
    assert means["Baseline"]["ms_ssim"]["best_phase"] == 0.835


def test_an_arm_that_a_flat_image_equals_is_flagged(tmp_path):
    put_table(tmp_path, rows(VALUES | {"Baseline": (0.04, 0.8, 0.2, 0.1)}))
    flags = rebuild_numbers(tmp_path, ReportParams()).summary["flags"]
    assert flags == [
        {
            "job": "dose_1000/dense/test",
            "model": "Baseline",
            "flag": "does not beat the flat image in amplitude ms_ssim",
        }
    ]


def test_nan_in_a_metric_names_the_arm_and_writes_nothing(tmp_path):
    path = put_table(tmp_path, rows())
    path.write_text(path.read_text().replace("Baseline,mae,0.035", "Baseline,mae,nan"))
    with pytest.raises(ValueError, match="amplitude of mae of Baseline must be a finite number"):
        rebuild_numbers(tmp_path, ReportParams())
    assert not (tmp_path / METRICS_SUMMARY).exists()


def test_without_a_summary_there_are_no_deltas(tmp_path):
    assert write_numbers(tmp_path, "2026-01-01T00:00:00Z") is None
    assert not list(tmp_path.iterdir())


def test_a_hub_without_tables_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no comparison"):
        rebuild_numbers(tmp_path, ReportParams())


def test_a_table_in_the_wrong_place_is_refused(tmp_path):
    with pytest.raises(ValueError, match="analysis/dose_<photons>"):
        comparison_at("analysis/test/comparison_metrics.csv", tmp_path / "x.csv")


def test_a_planned_comparison_that_is_not_there_has_failed(tmp_path, put_plan):
    path = put_table(tmp_path, rows())
    planned = path.relative_to(tmp_path).as_posix().replace("test", "train")
    put_plan(tmp_path, {"metrics": planned})
    publication = rebuild_numbers(tmp_path, ReportParams())
    assert publication.summary["n_failed"] == 1
    assert publication.digest.rstrip().endswith("FAILURES PRESENT: 1 of 2 comparisons failed")
    entries = read_json(tmp_path / COMPARISON_MANIFEST)["comparisons"]
    assert [entry["status"] for entry in entries] == ["success", "failed"]


def test_the_same_deltas_keep_their_time(tmp_path):
    put_table(tmp_path, rows())
    rebuild_numbers(tmp_path, ReportParams())
    first = write_numbers(tmp_path, "2030-01-01T00:00:00Z")
    assert first.delta["generated_at"] != "2030-01-01T00:00:00Z"
    put_table(tmp_path, rows(VALUES | {"PtyChi": (0.1, 0.1, 0.1, 0.1)}))
    rebuild_numbers(tmp_path, ReportParams())
    changed = read_json(tmp_path / DELTA_SUMMARY)
    assert changed["deltas"]["vs_PtyChi"]["mae"]["amplitude"] == pytest.approx(-0.07)


def test_deltas_are_antisymmetric():
    swapped = {"PtychoPINN": VALUES["Baseline"], "Baseline": VALUES["PtychoPINN"]}

    def means(values):
        return {
            model: {
                "ms_ssim": {"mean_amplitude": v[0], "mean_phase": v[1]},
                "mae": {"mean_amplitude": v[2], "mean_phase": v[3]},
            }
            for model, v in values.items()
        }

    def summary(values):
        return {
            "jobs": [],
            "aggregate_split": "test",
            "aggregate_metrics": means(values),
            "aggregate_by_split": {},
        }

    forth, back = (
        delta_summary(summary(v), "x", "t", {})["deltas"]["vs_Baseline"] for v in (VALUES, swapped)
    )
    for metric, parts in forth.items():
        for part, value in parts.items():
            assert value == -back[metric][part]


def test_texts_show_missing_values_as_such():
    nothing = {
        f"vs_{rival}": {m: {"amplitude": None, "phase": None} for m in ("ms_ssim", "mae")}
        for rival in ("Baseline", "PtyChi")
    }
    assert all("n/a" in line for line in highlight_lines(nothing) + preview_lines(nothing))


def test_artifacts_hold_plain_numbers_and_small_figures(tmp_path, rng):
    from PIL import Image

    put_table(tmp_path, rows())
    publication = rebuild_numbers(tmp_path, ReportParams())
    table = delta_table(publication.delta)
    assert len(table) == 8
    assert all(type(row["delta"]) is float and math.isfinite(row["delta"]) for row in table)
    noise = rng.integers(0, 255, (1200, 1600, 3), dtype="uint8")
    Image.fromarray(noise).save(tmp_path / "noise.png")
    text = report_markdown(publication.digest, {"Test": tmp_path / "noise.png"})
    assert (tmp_path / DIGEST).read_text(encoding="utf-8") in text
    assert len(text) < 4 / 3 * THUMBNAIL_LIMIT_BYTES + 5000


def test_models_are_exactly_the_three_arms(tmp_path):
    put_table(tmp_path, rows())
    summary = metrics_summary(find_comparisons(tmp_path), "test")
    assert list(summary["aggregate_metrics"]) == ["PtychoPINN", "Baseline", "PtyChi"]


def test_tables_write_small_and_large_numbers_so_that_they_can_be_read():
    values = {"flops": 2.377728e12, "n_steps": 1500.0, "mse": 0.0236}
    empty = {"model": "PtychoPINN", "amplitude": None, "phase": None}
    rows = [empty | {"metric": name, "value": value} for name, value in values.items()]
    table = other_tables({"metrics": rows, "controls": []})["PtychoPINN"]
    cells = [line.split("|")[-2].strip() for line in table[2:]]
    assert cells == ["2.378e+12", "1500.000", "0.0236"]
