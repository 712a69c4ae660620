"""The deltas of every attempt in some hubs, in their order: as tables for a terminal, and drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.catalogue.headline import SUBJECT, metrics_among
from tasks.catalogue.metric import PARTS, VALUE, Metric
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import OTHER_COLOUR
from tasks.core.files.atomic_files import atomic_path
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY
from tasks.report.history.changes import Measured, measured_delta
from tasks.report.records.attempts import Attempt, read_attempts
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.record_model import read_record
from tasks.report.statistics.deltas import others_of, vs
from tasks.report.texts.text_tables import DASH, decimals_of, signed, text_table

REPORTS_ALONE = "reports alone"
HEADER = ("hub", "attempt", "ended at (UTC)", "code", "result")
COMMIT_LENGTH = 7
PANEL_INCH = (5.2, 3.0)
DPI, FONT_PT, MARKER_PT = 120, 8.5, 5.5
MOST_LABELS = 24
SHIFT = 0.12
MARKERS = "os^Dv<>phX"


@dataclass(frozen=True)
class HubAttempt:
    """One attempt in one hub, numbered from 1; the hub by its name in texts."""

    hub: str
    number: int
    attempt: Attempt

    @property
    def label(self) -> str:
        """Name for texts, such as `mine #2`."""
        return f"{self.hub} #{self.number}"

    def measured(self, other: str, metric: str, part: str) -> Measured:
        """Return a delta, and how well it is known."""
        found = self.attempt
        return measured_delta(found.deltas or {}, found.intervals or {}, (vs(other), metric, part))


def read_history(hubs: Sequence[Path]) -> list[HubAttempt]:
    """Read the attempts of hubs; raises ValueError if one is missing, empty or damaged.

    A hub without a record of attempts, whose tables came from elsewhere, has its reports for one.
    Attempts from before intervals were kept take those of the reports where the deltas are theirs.
    """
    different = list({hub.resolve(): hub for hub in hubs}.values())
    names = [hub.resolve().name for hub in different]
    entries = []
    for hub, name in zip(different, names, strict=True):
        shown = name if names.count(name) == 1 else str(hub)
        attempts = enumerate(_attempts_of(hub), start=1)
        entries += [HubAttempt(shown, number, attempt) for number, attempt in attempts]
    return entries


def _attempts_of(hub: Path) -> list[Attempt]:
    """Return the attempts of one hub."""
    if not hub.is_dir():
        raise ValueError(f"The hub {hub} does not exist. Name folders of runs.")
    attempts = read_attempts(hub)
    path = hub / DELTA_SUMMARY
    if not path.is_file():
        if not attempts:
            raise ValueError(
                f"The hub {hub} has neither {ATTEMPTS} nor {DELTA_SUMMARY}. Run the flow in it, or "
                f"make its reports with `python -m flows.phase_g --hub {hub} --report-only`."
            )
        return attempts
    cure = f"Make it with `python -m flows.phase_g --hub {hub} --report-only`."
    reports = read_record(DeltaSummary, path, cure)
    if not attempts:
        told: dict[str, Any] = {
            "started_at": reports.generated_at,
            "ended_at": reports.generated_at,
            "result": REPORTS_ALONE,
            "parameters": {},
            "deltas": reports.deltas,
            "intervals": reports.intervals,
        }
        # No line of a file has this result, so that none is checked.
        return [Attempt.model_construct(**told)]
    return [
        attempt.model_copy(update={"intervals": reports.intervals})
        if attempt.intervals is None and attempt.deltas == reports.deltas
        else attempt
        for attempt in attempts
    ]


def told_of(entries: Sequence[HubAttempt]) -> tuple[tuple[Reconstruction, ...], tuple[Metric, ...]]:
    """Return the arms that the subject is compared with in any attempt, and the metrics."""
    deltas = [entry.attempt.deltas or {} for entry in entries]
    metrics = {name for found in deltas for metrics in found.values() for name in metrics}
    return others_of(key for found in deltas for key in found), metrics_among(metrics)


def history_lines(entries: Sequence[HubAttempt]) -> list[str]:
    """Return a table a metric, and what stopped the attempts that failed."""
    lines: list[str] = []
    others, metrics = told_of(entries)
    for metric in metrics:
        columns = [(other.name, part) for other in others for part in metric.parts]
        header = [*HEADER, *(f"vs {o} {p}".removesuffix(f" {VALUE}") for o, p in columns)]
        rows = [
            [*_about(entry), *(_cell(entry.measured(o, metric.name, p)) for o, p in columns)]
            for entry in entries
        ]
        title = f"{metric.label} of {SUBJECT.name} minus the other arm ({metric.direction})"
        lines += [title, "", *text_table(header, rows, n_left=len(HEADER)), ""]
    lines += ["± is half the width of the 95 % interval, where it was kept."]
    return lines + _failures(entries)


def _about(entry: HubAttempt) -> list[str]:
    attempt = entry.attempt
    commit = str((attempt.git or {}).get("commit") or DASH)
    ended = attempt.ended_at.replace("T", " ").removesuffix("Z")
    return [entry.hub, f"#{entry.number}", ended, commit[:COMMIT_LENGTH], attempt.result]


def _cell(found: Measured) -> str:
    decimals = decimals_of(found.half_width)
    middle = signed(found.value, decimals)
    return middle if found.half_width is None else f"{middle} ± {found.half_width:.{decimals}f}"


def _failures(entries: Sequence[HubAttempt]) -> list[str]:
    lines = []
    for entry in entries:
        if (blocker := entry.attempt.blocker) is not None:
            what = f"{blocker.exception}: {blocker.message}"
            lines.append(f"{entry.label} stopped in {blocker.place}: {what}".rstrip(": "))
    return lines


def write_history_plot(path: Path, entries: Sequence[HubAttempt]) -> None:
    """Draw the deltas over the attempts as PNG; whole or not at all.

    A row of panels a metric, a column a part; bars are 95 % intervals, and hollow markers have none
    that is known. Lines join attempts of one hub; one without deltas has a name and no marker.
    """
    others, metrics = told_of(entries)
    size = (PANEL_INCH[0] * len(PARTS), PANEL_INCH[1] * len(metrics) + 1.2)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(metrics), len(PARTS), squeeze=False, sharex=True)
    for row, metric in zip(axes, metrics, strict=True):
        for axis, part in zip(row, metric.parts, strict=False):
            _draw(axis, entries, others, (metric, part))
        for axis in row[len(metric.parts) :]:
            axis.set_axis_off()
    for axis in axes[-1]:
        _label_attempts(axis, entries)
    figure.legend(handles=_legend(others), loc="outside upper center", ncols=3, fontsize=FONT_PT)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def _draw(
    axis: Axes,
    entries: Sequence[HubAttempt],
    others: Sequence[Reconstruction],
    which: tuple[Metric, str],
) -> None:
    """Draw one panel: a metric and part."""
    metric, part = which
    axis.set_title(f"{metric.title(part)}: {metric.direction}", fontsize=FONT_PT + 1)
    axis.axhline(0.0, color="#909090", lw=0.8)
    axis.grid(axis="y", color="#E8E8E8", lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=FONT_PT)
    axis.set_xlim(-0.6, len(entries) - 0.4)
    for number, other in enumerate(others):
        shift = SHIFT * (2 * number / (len(others) - 1) - 1)
        for _, members in groupby(enumerate(entries), key=lambda pair: pair[1].hub):
            found = [(x + shift, e.measured(other.name, metric.name, part)) for x, e in members]
            _draw_hub(axis, found, _marker(number), other.colour)


def _draw_hub(
    axis: Axes, found: Sequence[tuple[float, Measured]], marker: str, colour: str
) -> None:
    """Draw one delta over the attempts of one hub; hollow where its interval is not known."""
    known = [(x, m.value, m.half_width) for x, m in found if m.value is not None]
    if not known:
        return
    places, values, half_widths = zip(*known, strict=True)
    bars = [math.nan if half_width is None else half_width for half_width in half_widths]
    axis.errorbar(places, values, bars, fmt="-", color=colour, lw=1.0, capsize=3)
    for x, value, half_width in known:
        face = "white" if half_width is None else colour
        axis.plot(x, value, marker, color=colour, mfc=face, ms=MARKER_PT)


def _legend(others: Sequence[Reconstruction]) -> list[Line2D]:
    """Return the entries of the legend."""
    marks = [
        _mark(_marker(number), (other.colour, other.colour), f"{SUBJECT.name} - {other.name}")
        for number, other in enumerate(others)
    ]
    return [*marks, _mark("o", (OTHER_COLOUR, "white"), "no interval known")]


def _marker(number: int) -> str:
    return MARKERS[number % len(MARKERS)]


def _mark(marker: str, colours: tuple[str, str], label: str) -> Line2D:
    edge, face = colours
    return Line2D([], [], ls="", marker=marker, color=edge, mfc=face, ms=MARKER_PT, label=label)


def _label_attempts(axis: Axes, entries: Sequence[HubAttempt]) -> None:
    """Name the attempts below a panel; of many, some."""
    step = -(-len(entries) // MOST_LABELS)
    places = range(0, len(entries), step)
    texts = [
        entries[x].label if entries[x].attempt.deltas else f"{entries[x].label} (no deltas)"
        for x in places
    ]
    axis.set_xticks(list(places), texts, rotation=30, ha="right", fontsize=FONT_PT)
