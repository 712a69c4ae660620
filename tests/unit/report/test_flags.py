from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.report.publish.artifacts import delta_table
from tasks.report.publish.write_reports import rebuild_numbers
from tasks.report.records.comparisons import find_comparisons
from tasks.report.statistics.summary import (
    ReportParams,
    comparison_flags,
    flags_between,
    missing_arms,
)

SCORES = {
    "PtychoPINN": (0.90, 0.85, 0.030, 0.070),
    "Baseline": (0.89, 0.83, 0.035, 0.075),
    "PtyChi": (0.91, 0.86, 0.025, 0.060),
    "NoNetwork": (0.80, 0.70, 0.050, 0.090),
    "Flat": (0.05, 0.06, 0.2, 0.4),
}
JOB = "dose_1000/dense/test"


def put(hub, extra=(), **changes):
    scores = SCORES | changes
    rows = [
        row
        for model, (ssim_a, ssim_p, mae_a, mae_p) in scores.items()
        for row in (
            MetricRow(model, "ms_ssim", ssim_a, ssim_p),
            MetricRow(model, "mae", mae_a, mae_p),
        )
    ]
    write_metrics_csv(hub / f"analysis/{JOB}/comparison_metrics.csv", [*rows, *extra])
    (job,) = find_comparisons(hub)
    return comparison_flags(job, missing_arms([job])[0])


def test_a_sound_comparison_has_no_flag(tmp_path):
    assert put(tmp_path) == []


def test_extras_are_judged_and_controls_are_not(tmp_path):
    extra = [
        MetricRow("NoNetwork", "gauge_at_bound", value=1.0),
        MetricRow("Flat", "gauge_at_bound", value=1.0),
    ]
    assert put(tmp_path, extra) == [
        {"job": JOB, "model": "NoNetwork", "flag": "the gauge's shift is at its bound"}
    ]


def test_a_disagreement_is_a_flag_of_ptychopinn_that_names_the_rival(tmp_path):
    (flag,) = put(tmp_path, PtyChi=(0.89, 0.86, 0.025, 0.060))
    assert flag["model"] == "PtychoPINN"
    assert flag["flag"].startswith("against PtyChi: MS-SSIM and MAE disagree in amplitude")
    assert flags_between([flag], RECONSTRUCTIONS.get("Baseline")) == []
    assert flags_between([flag], RECONSTRUCTIONS.get("PtyChi")) == [
        f"{JOB}, PtychoPINN: {flag['flag']}"
    ]


def test_the_digest_and_the_table_of_deltas_show_flags(tmp_path):
    put(tmp_path, [MetricRow("Baseline", "coverage_fraction", value=0.5)])
    publication = rebuild_numbers(tmp_path, ReportParams())
    text = f"{JOB}, Baseline: its window holds 50.0% of the region, under 95%"
    assert f"- {text}" in publication.digest
    table = delta_table(publication.delta, publication.summary["flags"])
    assert {row["flags"] for row in table if row["against"] == "Baseline"} == {text}
    assert {row["flags"] for row in table if row["against"] == "PtyChi"} == {""}
