"""The deltas of many attempts, as tables for a terminal."""

from collections.abc import Sequence

from tasks.core.study.quality_flags import PARTS
from tasks.report.history.changes import Measured
from tasks.report.history.history import Entry
from tasks.report.statistics.deltas import DIRECTIONS, METRICS
from tasks.report.statistics.flags import RIVALS
from tasks.report.texts.text_table import padded_table
from tasks.report.texts.text_tables import DASH, decimals_of, signed

HEADER = ("hub", "attempt", "ended at (UTC)", "code", "result")
COMMIT_LENGTH = 7


def history_lines(entries: Sequence[Entry]) -> list[str]:
    """Return a table a metric, and what stopped the attempts that failed."""
    lines: list[str] = []
    columns = [(rival.value, part) for rival in RIVALS for part in PARTS]
    header = [*HEADER, *(f"vs {rival} {part}" for rival, part in columns)]
    for metric, title in METRICS.items():
        rows = [
            [*_about(entry), *(_cell(entry.measured(r, metric, part)) for r, part in columns)]
            for entry in entries
        ]
        lines += [f"{title} of PtychoPINN minus the other arm ({DIRECTIONS[metric]})", ""]
        lines += [*padded_table(header, rows, n_left=len(HEADER)), ""]
    lines += ["± is half the width of the 95 % interval, where it was kept."]
    return lines + _failures(entries)


def _about(entry: Entry) -> list[str]:
    attempt = entry.attempt
    commit = str((attempt.git or {}).get("commit") or DASH)
    ended = attempt.ended_at.replace("T", " ").removesuffix("Z")
    return [entry.hub, f"#{entry.number}", ended, commit[:COMMIT_LENGTH], attempt.result]


def _cell(found: Measured) -> str:
    decimals = decimals_of(found.half_width)
    middle = signed(found.value, decimals)
    return middle if found.half_width is None else f"{middle} ± {found.half_width:.{decimals}f}"


def _failures(entries: Sequence[Entry]) -> list[str]:
    lines = []
    for entry in entries:
        if (blocker := entry.attempt.blocker) is not None:
            what = f"{blocker.exception}: {blocker.message}"
            lines.append(f"{entry.label} stopped in {blocker.place}: {what}".rstrip(": "))
    return lines
