import re

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.files.atomic_files import read_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import (
    AGGREGATE_HIGHLIGHTS,
    AGGREGATE_REPORT,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PRETTY_DELTA_SUMMARY,
    PREVIEW,
    SSIM_GRID,
)
from tasks.report.publish.write_reports import reading_order, rebuild_numbers
from tasks.report.statistics.summary import ReportParams
from tasks.report.texts.aggregate_report import SANE_SIMILARITY, sanity
from tasks.report.texts.text_tables import LINE_WIDTH, pretty_json

MODELS = ("PtychoPINN", "Baseline", "PtyChi")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)


def text_of(hub, path):
    return (hub / path).read_text(encoding="utf-8")


@given(content=JSON)
def test_pretty_json_says_the_same_as_json(content):
    assert orjson.loads(pretty_json(content)) == content


def test_pretty_json_keeps_small_groups_on_a_line_and_breaks_long_ones():
    content = {"b": {"phase": 1.5, "amplitude": 2}, "a": [{"x" * 30: 1}, {"y" * 30: 2}], "c": []}
    assert pretty_json(content, ["b", "amplitude"]).splitlines() == [
        "{",
        '  "b": {"amplitude": 2, "phase": 1.5},',
        f'  "a": [{{"{"x" * 30}": 1}}, {{"{"y" * 30}": 2}}],',
        '  "c": []',
        "}",
    ]
    wide = pretty_json({"a": [1.5] * 100})
    assert len(wide.splitlines()) == 104
    assert max(map(len, wide.splitlines())) <= LINE_WIDTH


def test_pretty_json_refuses_what_json_has_not():
    with pytest.raises(TypeError):
        pretty_json({"a": np.float32(1.0)})


def test_the_pretty_deltas_are_the_deltas_in_the_order_of_reading(report_hub):
    hub = report_hub("hub")
    text = text_of(hub, PRETTY_DELTA_SUMMARY)
    delta = read_json(hub / DELTA_SUMMARY)
    assert orjson.loads(text) == delta
    assert text == pretty_json(delta, reading_order())
    keys = re.findall(r'^  "(\w+)"', text, re.MULTILINE)
    assert keys[:4] == ["schema_version", "generated_at", "source_metrics", "aggregate_split"]
    assert keys.index("deltas") < keys.index("intervals") < keys.index("comparisons")
    assert set(keys) == set(delta)


def test_the_aggregate_report_has_a_table_a_model_and_deltas_both_ways(report_hub):
    hub = report_hub("hub")
    report = text_of(hub, AGGREGATE_REPORT)
    means = read_json(hub / METRICS_SUMMARY)["aggregate_metrics"]
    deltas = read_json(hub / DELTA_SUMMARY)["deltas"]
    places = [report.index(f"### {model}\n") for model in MODELS]
    assert places == sorted(places)
    for model, place in zip(MODELS, places, strict=True):
        section = report[place : report.index("\n### ", place)]
        for title, metric, kind in (
            ("mean MS-SSIM", "ms_ssim", "mean"),
            ("best MS-SSIM", "ms_ssim", "best"),
            ("mean MAE", "mae", "mean"),
        ):
            amplitude, phase = (means[model][metric][f"{kind}_{p}"] for p in ("amplitude", "phase"))
            assert f"| {title} | {amplitude:.3f} | {phase:.3f} |" in section
    for rival in ("Baseline", "PtyChi"):
        values = [
            deltas[f"vs_{rival}"][m][p] for m in ("ms_ssim", "mae") for p in ("amplitude", "phase")
        ]
        there = " | ".join(f"{value:+.3f}" for value in values)
        back = " | ".join(f"{-value:+.3f}" for value in values)
        assert f"| PtychoPINN - {rival} | {there} |" in report
        assert f"| {rival} - PtychoPINN | {back} |" in report


def test_a_mean_under_the_threshold_is_called_low(report_hub):
    hub = report_hub("hub", shifts={("Baseline", "ms_ssim"): -0.08})
    report = text_of(hub, AGGREGATE_REPORT)
    row = next(
        line for line in report.splitlines() if re.match(r"\| Baseline \| \S+ \| (ok|LOW)", line)
    )
    assert [cell.strip() for cell in row.split("|")[3:6:2]] == ["ok", "LOW"]
    assert "Mean MS-SSIM under 0.80: Baseline phase\n" in text_of(hub, AGGREGATE_HIGHLIGHTS)


def test_the_threshold_itself_is_sane():
    assert sanity(SANE_SIMILARITY) == "ok"
    assert sanity(np.nextafter(SANE_SIMILARITY, 0)) == "LOW"
    assert sanity(None) == "unknown"


def test_a_missing_arm_has_dashes_and_an_unknown_sanity(report_hub):
    hub = report_hub("hub", arms=("PtychoPINN", "Baseline"))
    report = text_of(hub, AGGREGATE_REPORT)
    assert "| PtyChi | – | unknown | – | unknown |" in report
    assert "| PtychoPINN - PtyChi | – | – | – | – |" in report
    assert "MAE PtyChi                         : amplitude n/a  phase n/a" in text_of(
        hub, AGGREGATE_HIGHLIGHTS
    )


def test_the_grid_has_a_row_a_condition_and_the_phase_alone(tmp_path):
    for dose, view in ((1000, "dense"), (1000, "sparse"), (10000, "dense")):
        rows = [
            MetricRow(model, metric, 0.5, 0.9 - number / 10 - dose / 1e6)
            for number, model in enumerate(MODELS)
            for metric in ("ms_ssim", "mae")
        ]
        folder = tmp_path / f"analysis/dose_{dose}/{view}/test"
        write_metrics_csv(folder / "comparison_metrics.csv", rows)
    rebuild_numbers(tmp_path, ReportParams())
    grid = text_of(tmp_path, SSIM_GRID)
    assert "`metrics_delta_summary.json`" in grid
    assert "`metrics_delta_highlights_preview.txt`" in grid
    assert text_of(tmp_path, PREVIEW) in grid
    assert "amplitude" not in grid
    rows = [line.split(" | ") for line in grid.splitlines() if re.match(r"\| \d", line)]
    assert [row[:4] for row in rows] == [
        ["| 1000", "dense", "test", "1"],
        ["| 1000", "sparse", "test", "1"],
        ["| 10000", "dense", "test", "1"],
    ]
    assert all(row[4:] == ["+0.100", "+0.200", "+0.100000", "+0.200000 |"] for row in rows)


def test_the_rows_of_the_grid_are_those_of_the_deltas(report_hub):
    hub = report_hub("hub")
    delta = read_json(hub / DELTA_SUMMARY)
    (entry,) = delta["deltas_by_condition"]
    assert entry == {
        "dose": 1000,
        "view": "dense",
        "split": "test",
        "n_replicates": 1,
        "deltas": delta["deltas"],
    }


def test_the_deltas_in_other_bytes_are_put_right_and_keep_their_time(report_hub):
    hub = report_hub("hub")
    before = (hub / DELTA_SUMMARY).read_bytes()
    (hub / DELTA_SUMMARY).write_bytes((hub / PRETTY_DELTA_SUMMARY).read_bytes())
    rebuild_numbers(hub, ReportParams())
    assert (hub / DELTA_SUMMARY).read_bytes() == before
