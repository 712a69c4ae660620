"""Two hubs held against each other, in words and tables for a terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.report.history.changes import FAULTS, Change, Measured, Outcome
from tasks.report.history.hub_diff import HubDiff
from tasks.report.history.hub_scores import HubScores
from tasks.report.statistics.paired_scores import VALUE
from tasks.report.texts.interval_texts import NAMES
from tasks.report.texts.text_table import padded_table
from tasks.report.texts.text_tables import DASH, decimals_of, fixed, signed

HEADER = ("", "metric", "part", "before", "after", "change", "noise", "outcome")
NOISE = (
    "Noise is half the width of the 95 % interval of the change: the root of the summed squares of "
    "both half-widths. A change within it says nothing."
)
SPATIAL = (
    "A noise from blocks of one image (spatial) leaves out that photons and trainings differ from "
    "run to run: compare hubs of several seeds to be sure."
)
OTHER_OBJECTS = (
    "The hubs show different objects: what is known from blocks of one image alone (spatial) says "
    "nothing about another, and does not count. Compare hubs of several seeds."
)
UNJUDGED = "Without an interval that counts in both hubs a change is not judged."


def diff_lines(diff: HubDiff) -> list[str]:
    """Return what differs, scores of the arms first."""
    lines = [f"before  {_about(diff.before)}", f"after   {_about(diff.after)}"]
    left_out = ", ".join(f"{dose:g} {view} {split}" for dose, view, split in diff.left_out)
    lines += [f"Only one of them has {left_out}: left out."] if left_out else []
    lines += ["", "Scores of the arms", "", *_table(diff.scores)]
    lines += ["", "Deltas", "", *_table(diff.deltas), ""]
    changes = [*diff.scores, *diff.deltas]
    return [*lines, *_notes(changes, diff.has_same_truths), _counts(changes)]


def fault_lines(faults: Sequence[Change]) -> list[str]:
    """Return what got worse, a line each."""
    lines = []
    for change in faults:
        subject, metric, part, before, after, difference, noise, outcome = _cells(change)
        name = metric if change.part == VALUE else f"{metric} {part}"
        lines.append(
            f"  {subject}, {name}: {before} to {after}, "
            f"change {difference}, noise {noise}: {outcome}"
        )
    return lines


def _about(side: HubScores) -> str:
    n = len(side.scores.replicates)
    conditions = ", ".join(
        f"{dose:g} {view} {split}" for dose, view, split in sorted(side.conditions)
    )
    return f"{side.hub}: {conditions}; {n} {'seed' if n == 1 else 'seeds'}"


def _table(changes: Sequence[Change]) -> list[str]:
    return padded_table(HEADER, [_cells(change) for change in changes], n_left=3)


def _cells(change: Change) -> list[str]:
    return [
        change.subject,
        NAMES[change.metric],
        DASH if change.part == VALUE else change.part,
        _number(change, change.before),
        _number(change, change.after),
        signed(change.change, decimals_of(change.noise)),
        DASH if change.noise is None else f"{change.noise:.{decimals_of(change.noise)}f}",
        change.outcome.value,
    ]


def _number(change: Change, side: Measured) -> str:
    """Return a delta with its sign, a score without; both with the digits that the noise leaves."""
    if side.value is None or " - " in change.subject:
        return signed(side.value, decimals_of(change.noise))
    if change.noise is None:
        return fixed(side.value)
    return f"{side.value:.{decimals_of(change.noise)}f}"


def _notes(changes: Sequence[Change], has_same_truths: bool) -> list[str]:
    """Return what a reader must know of the noise."""
    kinds = {side.kind for change in changes for side in (change.before, change.after)}
    lines = [NOISE] if any(change.noise is not None for change in changes) else []
    if "spatial" in kinds:
        lines.append(SPATIAL if has_same_truths else OTHER_OBJECTS)
    return lines + ([UNJUDGED] if any(c.outcome is Outcome.UNKNOWN for c in changes) else [])


def _counts(changes: Iterable[Change]) -> str:
    counts = Counter(change.outcome for change in changes)
    shown = [o for o in Outcome if counts[o] or o in FAULTS]
    return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in shown) + "."
