"""Whether every number in the texts is that of the JSON, formatted."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from tasks.core.study.hub_layout import BLOCKER_JSON, DELTA_SUMMARY, METRICS_SUMMARY, SSIM_GRID
from tasks.report.publish.write_reports import DIGEST, HIGHLIGHTS, PREVIEW, delta_texts
from tasks.report.records.measured_against import labelled
from tasks.report.statistics.flags import MISSING
from tasks.report.verification.hub_files import REPORT_AGAIN, HubFiles, Validation

# To the letter of the design, apart from the module that writes them.
LINES = (
    ("MS-SSIM Δ (PtychoPINN - Baseline)  : ", "ms_ssim", "vs_Baseline", 3),
    ("MS-SSIM Δ (PtychoPINN - PtyChi)    : ", "ms_ssim", "vs_PtyChi", 3),
    ("MAE Δ (PtychoPINN - Baseline)      : ", "mae", "vs_Baseline", 6),
    ("MAE Δ (PtychoPINN - PtyChi)        : ", "mae", "vs_PtyChi", 6),
)
_SIGNED = re.compile(r"(?<![\w.])[+-][0-9]+\.[0-9]+")


def text_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of highlights, preview, digest and grid."""
    for name, find_faults, good in (
        (HIGHLIGHTS, _highlight_faults, f"its four lines are those of {DELTA_SUMMARY}"),
        (PREVIEW, _preview_faults, "its four lines are those of the phase, and nothing else"),
        (DIGEST, _digest_faults, "its numbers are those of summary and deltas"),
    ):
        yield files.check(
            f"text {name}",
            partial(find_faults, files),
            good,
            REPORT_AGAIN,
        )
    yield files.check(
        "texts made again",
        partial(_remade_faults, files),
        "made once more from summary and deltas, every text is the same",
        REPORT_AGAIN,
    )
    if (files.root / SSIM_GRID).exists():
        yield files.check(
            f"text {SSIM_GRID}",
            partial(_grid_faults, files),
            "its rows are the phase of the deltas",
            REPORT_AGAIN,
        )


def _highlight_faults(files: HubFiles) -> Iterator[str]:
    content = files.json(DELTA_SUMMARY)
    deltas = content["deltas"]
    expected = [
        f"{label}amplitude {_signed(parts['amplitude'], decimals)}"
        f"  phase {_signed(parts['phase'], decimals)}"
        for label, metric, rival, decimals in LINES
        for parts in (deltas[rival][metric],)
    ]
    yield from _line_faults(files, HIGHLIGHTS, labelled(expected, content))


def _preview_faults(files: HubFiles) -> Iterator[str]:
    content = files.json(DELTA_SUMMARY)
    deltas = content["deltas"]
    expected = [
        f"{label.removesuffix(': ').rstrip()}: {_signed(deltas[rival][metric]['phase'], decimals)}"
        for label, metric, rival, decimals in LINES
    ]
    if "amplitude" in files.text(PREVIEW):
        yield f"{PREVIEW} speaks of the amplitude"
    yield from _line_faults(files, PREVIEW, labelled(expected, content))


def _digest_faults(files: HubFiles) -> Iterator[str]:
    """Yield what the digest lacks: the four lines, the means and the last word."""
    digest = files.text(DIGEST)
    summary = files.valid_json(METRICS_SUMMARY, "metrics_summary")
    for line in files.text(HIGHLIGHTS).splitlines():
        if line not in digest:
            yield f"{DIGEST} lacks the line {line!r}"
    for model, means in summary["aggregate_metrics"].items():
        columns = [("ms_ssim", "amplitude"), ("ms_ssim", "phase")]
        values = [means[metric][f"mean_{part}"] for metric, part in columns]
        shown = [f"{value:.3f}" for value in values if value is not None]
        row = next((line for line in digest.splitlines() if line.startswith(f"| {model} |")), "")
        yield from (f"{DIGEST} lacks {text} of {model}" for text in shown if f" {text} " not in row)
    failed, total = summary["n_failed"], summary["n_jobs"]
    lacks_arms = any(flag["flag"] == MISSING for flag in summary["flags"])
    fails = failed or lacks_arms or (files.root / BLOCKER_JSON).exists()
    word = "FAILURES PRESENT" if fails else "ALL COMPARISONS SUCCESSFUL"
    number = failed if fails else summary["n_success"]
    if not re.search(rf"^{word}: {number} of {total}\b", digest, re.MULTILINE):
        yield f"{DIGEST} does not say `{word}: {number} of {total}`"


def _remade_faults(files: HubFiles) -> Iterator[str]:
    summary = files.valid_json(METRICS_SUMMARY, "metrics_summary")
    delta = files.valid_json(DELTA_SUMMARY, "metrics_delta_summary")
    for path, text in delta_texts(files.root, summary, delta).items():
        if files.text(path) != text:
            yield f"{path} is not what summary and deltas give"


def _grid_faults(files: HubFiles) -> Iterator[str]:
    """Yield what the grid says of anything but the phase of the deltas."""
    grid = files.text(SSIM_GRID)
    delta = files.valid_json(DELTA_SUMMARY, "metrics_delta_summary")
    for source in (DELTA_SUMMARY, PREVIEW):
        if source.rpartition("/")[2] not in grid:
            yield f"{SSIM_GRID} does not name {source}"
    known = set(_phase_texts(delta))
    for text in _SIGNED.findall(grid):
        if text not in known:
            yield f"{SSIM_GRID} has {text}, which is no phase delta of {DELTA_SUMMARY}"
    for _, metric, rival, _ in LINES[:2]:
        phase = delta["deltas"][rival][metric]["phase"]
        if phase is not None and _signed(phase, 3) not in grid:
            yield f"{SSIM_GRID} lacks {_signed(phase, 3)}, the phase of {metric} {rival}"


def _phase_texts(content: Any) -> Iterator[str]:
    """Yield all ways to write the deltas of the phase in a content, three to six decimals."""
    if isinstance(content, dict):
        phase = content.get("phase")
        if isinstance(phase, float):
            yield from (_signed(phase, decimals) for decimals in range(3, 7))
        for value in content.values():
            yield from _phase_texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _phase_texts(value)


def _line_faults(files: HubFiles, path: str, expected: list[str]) -> Iterator[str]:
    text = files.text(path)
    lines = text.splitlines()
    if len(lines) != len(expected) or not text.endswith("\n"):
        yield f"{path} must have {len(expected)} lines, each ended, got {len(lines)}"
        return
    for found, wanted in zip(lines, expected, strict=True):
        if found != wanted:
            yield f"{path} says {found!r}, {DELTA_SUMMARY} says {wanted!r}"


def _signed(value: float | None, decimals: int) -> str:
    return "n/a" if value is None else f"{value:+.{decimals}f}"
