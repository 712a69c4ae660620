"""An arm and a metric of an installed package, in the reports of hubs that hold them or do not."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tasks.core.files.atomic_files import read_json, write_text
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import (
    AGGREGATE_HIGHLIGHTS,
    AGGREGATE_REPORT,
    CONDITION_MAP,
    DELTA_SUMMARY,
    DIGEST,
    HIGHLIGHTS,
    HUB_SUMMARY,
    METRICS_SUMMARY,
    PREVIEW,
    REPORT_PAGE,
    SSIM_GRID,
    SUMMARY_TEXT,
)
from tasks.report.publish.write_reports import rebuild_reports, write_final_reports
from tasks.report.statistics.summary import ReportParams

ARM, METRIC, LABEL = "WASP", "edge_width", "Edge width"
PACKAGE = """
from tasks.catalogue.metric import SECONDARY, Metric
from tasks.catalogue.reconstruction import Reconstruction, Role

ARM = Reconstruction(
    name="WASP", role=Role.ARM, description="a solver", colour="#8B0000", dark_colour="#FF9999"
)
METRIC = Metric(
    name="edge_width", label="Edge width", family=SECONDARY, higher_is_better=False, unit="px"
)
"""
POINTS = """
[phase_g.reconstructions]
WASP = further:ARM
[phase_g.metrics]
edge_width = further:METRIC
"""
SCRIPT = """
import sys
from pathlib import Path
from tasks.report.__main__ import main
from tasks.report.statistics.summary import ReportParams
from tasks.report.publish.write_reports import rebuild_reports, write_final_reports
for hub in map(Path, sys.argv[1:]):
    rebuild_reports(hub, ReportParams())
    write_final_reports(hub)
old, new = sys.argv[1:]
assert main(["history", new]) == 0
assert main(["diff", old, new]) == 0
"""
ARMS = ("PtychoPINN", "Baseline", "PtyChi")


def put_tables(hub, arms, with_metric):
    """Write tables and blocks of two doses; equal seeds give the arms equal values."""
    for dose in (1000, 10000):
        rng = np.random.default_rng(dose)
        rows, lines = [], ["model,metric,block,amplitude,phase"]
        for place, model in enumerate(arms):
            for metric in ("ms_ssim", "mae"):
                values = 0.5 + 0.01 * place + rng.normal(0, 0.005, (9, 2))
                rows.append(MetricRow(model, metric, *values.mean(axis=0).tolist()))
                lines += [
                    f"{model},{metric},{n},{a!r},{p!r}" for n, (a, p) in enumerate(values.tolist())
                ]
            if with_metric:
                rows.append(MetricRow(model, METRIC, value=2.0 + place))
        folder = hub / f"analysis/dose_{dose}/dense/test"
        write_metrics_csv(folder / "comparison_metrics.csv", rows)
        write_text(folder / "block_metrics.csv", "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def hubs(tmp_path_factory):
    """Return a hub without the entries, the same made again beside them, one with them, words."""
    folder = tmp_path_factory.mktemp("further")
    (folder / "further.py").write_text(PACKAGE)
    info = folder / "further-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: further\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    put_tables(folder / "before", ARMS, with_metric=False)
    shutil.copytree(folder / "before", folder / "old")
    rebuild_reports(folder / "before", ReportParams())
    write_final_reports(folder / "before")
    shutil.copy(folder / "before" / DELTA_SUMMARY, folder / "old" / DELTA_SUMMARY)
    put_tables(folder / "new", (*ARMS, ARM), with_metric=True)
    paths = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "old"), str(folder / "new")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    return folder / "before", folder / "old", folder / "new", done.stdout


def test_a_hub_that_holds_neither_says_what_it_said(hubs):
    before, old, *_ = hubs
    files = {path.relative_to(before) for path in before.rglob("*.*") if path.is_file()}
    shown = [path for path in files if path.parts[0] != ".cache"]
    assert len(shown) > 15
    assert [p for p in shown if (before / p).read_bytes() != (old / p).read_bytes()] == []


def test_no_p_value_of_the_others_moves(hubs):
    before, _, new, _ = hubs
    known, found = (read_json(hub / DELTA_SUMMARY)["comparisons"] for hub in (before, new))
    of_headline = [entry for entry in found if entry["family"] == "headline"]
    assert of_headline == [entry for entry in known if entry["family"] == "headline"]
    assert {entry["family"] for entry in found if entry["against"] == ARM} == {
        f"headline vs {ARM}",
        f"secondary vs {ARM}",
    }


def test_deltas_are_told_by_keys_of_their_own(hubs):
    delta, summary = (read_json(hubs[2] / path) for path in (DELTA_SUMMARY, METRICS_SUMMARY))
    means = summary["aggregate_metrics"]
    assert list(summary["jobs"][0]) == list(read_json(hubs[0] / METRICS_SUMMARY)["jobs"][0])
    assert means[ARM][METRIC] == {"mean_value": 5.0}
    for values in (delta["deltas"], *(e["deltas"] for e in delta["deltas_by_condition"])):
        assert set(values) == {"vs_Baseline", "vs_PtyChi", f"vs_{ARM}"}
        assert values[f"vs_{ARM}"][METRIC] == {"value": -3.0}
    assert delta["intervals"][f"vs_{ARM}"]["mae"]["phase"]["half_width"] > 0
    assert delta["directions"][METRIC] == "lower is better"
    maps = {(one["against"], one["metric"]) for one in read_json(hubs[2] / CONDITION_MAP)["maps"]}
    assert {(ARM, "ms_ssim"), (ARM, METRIC), ("Baseline", METRIC)} <= maps
    assert not any(flag["flag"] == "missing" for flag in summary["flags"])


@pytest.mark.parametrize(
    "path",
    [DIGEST, AGGREGATE_REPORT, AGGREGATE_HIGHLIGHTS, SSIM_GRID, SUMMARY_TEXT, HUB_SUMMARY],
)
def test_texts_name_the_arm(hubs, path):
    assert ARM in (hubs[2] / path).read_text(encoding="utf-8")


def test_the_page_and_the_terminal_name_both(hubs):
    page = (hubs[2] / REPORT_PAGE).read_text(encoding="utf-8")
    assert f"Headline metrics against {ARM}" in page
    assert f"Against {ARM}, PtychoPINN is" in page
    assert f"{LABEL} [px] (lower is better)" in page
    assert "#8B0000" in page
    assert "#FF9999" in page
    words = hubs[3]
    assert f"{LABEL} of PtychoPINN minus the other arm (lower is better)" in words
    assert f"vs {ARM} phase" in words
    assert f"PtychoPINN - {ARM}" in words
    assert f"{LABEL} [px]" in words


def test_the_highlights_stay_four_lines(hubs):
    before, _, new, _ = hubs
    for path in (HIGHLIGHTS, PREVIEW):
        assert (new / path).read_text(encoding="utf-8") == (before / path).read_text(
            encoding="utf-8"
        )
