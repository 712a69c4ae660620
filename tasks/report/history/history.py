"""The deltas of every attempt in some hubs, in their order, as tables for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import SUBJECT, metrics_among
from tasks.catalogue.metric import VALUE, Metric
from tasks.catalogue.own_rows import know_rows_of
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY
from tasks.report.history.changes import Measured, measured_delta
from tasks.report.records.attempts import Attempt, read_attempts
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.inventory import refuse_no_hub, report_cure
from tasks.report.records.record_model import read_record
from tasks.report.statistics.delta_keys import others_of, vs
from tasks.report.texts.text_tables import DASH, decimals_of, signed, text_table

REPORTS_ALONE = "reports alone"
HEADER = ("hub", "attempt", "ended at (UTC)", "code", "result")
COMMIT_LENGTH = 7


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
    know_rows_of(*different)
    names = [hub.resolve().name for hub in different]
    entries = []
    for hub, name in zip(different, names, strict=True):
        shown = name if names.count(name) == 1 else str(hub)
        attempts = enumerate(_attempts_of(hub), start=1)
        entries += [HubAttempt(shown, number, attempt) for number, attempt in attempts]
    return entries


def _attempts_of(hub: Path) -> list[Attempt]:
    """Return the attempts of one hub."""
    refuse_no_hub(hub)
    attempts = read_attempts(hub)
    path = hub / DELTA_SUMMARY
    if not path.is_file():
        if not attempts:
            raise ValueError(
                f"The hub {hub} has neither {ATTEMPTS} nor {DELTA_SUMMARY}. {report_cure(hub)}"
            )
        return attempts
    reports = read_record(DeltaSummary, path, report_cure(hub))
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
    return lines + _not_shown(entries) + _failures(entries)


def _about(entry: HubAttempt) -> list[str]:
    attempt = entry.attempt
    commit = str((attempt.git or {}).get("commit") or DASH)
    ended = attempt.ended_at.replace("T", " ").removesuffix("Z")
    return [entry.hub, f"#{entry.number}", ended, commit[:COMMIT_LENGTH], attempt.result]


def _cell(found: Measured) -> str:
    decimals = decimals_of(found.half_width)
    middle = signed(found.value, decimals)
    return middle if found.half_width is None else f"{middle} ± {found.half_width:.{decimals}f}"


def _not_shown(entries: Sequence[HubAttempt]) -> list[str]:
    """Return which deltas have no column, and an attempt that has them."""
    found = {key: entry.label for entry in entries for key in entry.attempt.deltas or {}}
    names = {key.removeprefix(vs("")): label for key, label in found.items()}
    lost = {name: label for name, label in names.items() if name not in RECONSTRUCTIONS.entries}
    return [f"Not shown: vs {n} of {label}. The catalogue has no {n}." for n, label in lost.items()]


def _failures(entries: Sequence[HubAttempt]) -> list[str]:
    lines = []
    for entry in entries:
        if (blocker := entry.attempt.blocker) is not None:
            what = f"{blocker.exception}: {blocker.message}"
            lines.append(f"{entry.label} stopped in {blocker.place}: {what}".rstrip(": "))
    return lines
