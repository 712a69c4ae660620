"""The deltas of every attempt in some hubs, in the order of hubs and attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY
from tasks.report.history.changes import Measured
from tasks.report.history.regression import measured_delta
from tasks.report.records.attempts import Attempt, read_attempts
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.record_model import read_record

REPORTS_ALONE = "reports alone"


@dataclass(frozen=True)
class Entry:
    """One attempt in one hub.

    Attributes:
        hub: How the hub is called in texts.
        number: Of the attempt in its hub, from 1.
        attempt: What came of it.
    """

    hub: str
    number: int
    attempt: Attempt

    @property
    def label(self) -> str:
        """Name for texts, such as `mine #2`."""
        return f"{self.hub} #{self.number}"

    def measured(self, rival: str, metric: str, part: str) -> Measured:
        """Return a delta, and how well it is known."""
        found = self.attempt
        return measured_delta(
            found.deltas or {}, found.intervals or {}, (f"vs_{rival}", metric, part)
        )


def read_history(hubs: Sequence[Path]) -> list[Entry]:
    """Read the attempts of hubs.

    A hub without a record of attempts, whose tables came from elsewhere, has its reports for one.
    Attempts from before intervals were kept take those of the reports where the deltas are theirs.

    Raises:
        ValueError: If a hub does not exist, has neither attempts nor deltas, or one is damaged.
    """
    different = list({hub.resolve(): hub for hub in hubs}.values())
    names = [hub.resolve().name for hub in different]
    entries = []
    for hub, name in zip(different, names, strict=True):
        shown = name if names.count(name) == 1 else str(hub)
        attempts = enumerate(_attempts_of(hub), start=1)
        entries += [Entry(shown, number, attempt) for number, attempt in attempts]
    return entries


def _attempts_of(hub: Path) -> list[Attempt]:
    """Return the attempts of one hub."""
    if not hub.is_dir():
        raise ValueError(f"The hub {hub} does not exist. Name folders of runs.")
    attempts = read_attempts(hub)
    reports = _read_reports(hub)
    if reports is None:
        if not attempts:
            raise ValueError(
                f"The hub {hub} has neither {ATTEMPTS} nor {DELTA_SUMMARY}. Run the flow in it, or "
                f"make its reports with `python -m flows.phase_g --hub {hub} --report-only`."
            )
        return attempts
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


def _read_reports(hub: Path) -> DeltaSummary | None:
    path = hub / DELTA_SUMMARY
    if not path.is_file():
        return None
    cure = f"Make it with `python -m flows.phase_g --hub {hub} --report-only`."
    return read_record(DeltaSummary, path, cure)
