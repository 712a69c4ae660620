"""Two hubs held against each other, metric by metric, and the difference in words and tables."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tasks.catalogue.metric import VALUE
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.own_rows import know_rows_of
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.report.history.changes import FAULTS, Change, Measured, Outcome
from tasks.report.history.hub_scores import NOTHING, HubScores, Place
from tasks.report.statistics.delta_keys import delta_families
from tasks.report.statistics.paired_scores import DeltaKey
from tasks.report.texts.text_tables import DASH, decimals_of, fixed, signed, text_table

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


def score_keys() -> list[DeltaKey]:
    """Return the own scores of every arm of the catalogue."""
    return [
        DeltaKey(NOTHING, metric.name, part, arm.name)
        for arm in RECONSTRUCTIONS.arms
        for members in METRICS.families.values()
        for metric in members
        for part in metric.parts
    ]


def delta_keys() -> list[DeltaKey]:
    """Return the deltas of the subject minus every other arm of the catalogue."""
    families = delta_families(RECONSTRUCTIONS.entries, tuple(METRICS.entries.values()))
    return [key for keys in families.values() for key in keys]


@dataclass(frozen=True)
class HubDiff:
    """What differs between two hubs over the conditions that both have.

    They have the same truths if they have the same replicates, and no object is known to be another
    than its twin. Changes are of every arm's own scores, and of the subject minus the other arms.
    """

    before: HubScores
    after: HubScores
    left_out: list[Place]
    has_same_truths: bool
    scores: list[Change]
    deltas: list[Change]


def diff_hubs(before: HubScores, after: HubScores) -> HubDiff:
    """Compare two hubs over the conditions that both have; raises ValueError if they share none."""
    know_rows_of(before.hub, after.hub)
    shared = before.conditions & after.conditions
    if not shared:
        names = [_listed(side.conditions) for side in (before, after)]
        raise ValueError(
            f"{before.hub} and {after.hub} share no dose, view and split: {names[0]} against "
            f"{names[1]}. Compare hubs of the same conditions."
        )
    first, second = before.over(shared), after.over(shared)
    known = first.truths.keys() & second.truths.keys()
    has_same_truths = first.scores.tables.keys() == second.scores.tables.keys() and all(
        first.truths[key] == second.truths[key] for key in known
    )
    return HubDiff(
        first,
        second,
        sorted(before.conditions ^ after.conditions),
        has_same_truths,
        _changes((first, second), score_keys(), has_same_truths),
        _changes((first, second), delta_keys(), has_same_truths),
    )


def _changes(
    sides: tuple[HubScores, HubScores], wanted_deltas: Sequence[DeltaKey], has_same_truths: bool
) -> list[Change]:
    """Return the changes of all that one of the hubs has a value for.

    Blocks of one image do not say what another object would have given: where the objects differ,
    what is known from blocks alone is not known.
    """
    found = []
    for wanted in wanted_deltas:
        before, after = (side.measured(wanted) for side in sides)
        if not has_same_truths:
            before, after = (
                replace(m, half_width=None) if m.kind == "spatial" else m for m in (before, after)
            )
        subject = wanted.own if wanted.other == NOTHING else f"{wanted.own} - {wanted.other}"
        found.append(Change(subject, wanted.metric, wanted.part, before, after))
    return [c for c in found if c.before.value is not None or c.after.value is not None]


def diff_lines(diff: HubDiff) -> list[str]:
    """Return what differs, scores of the arms first."""
    lines = [f"before  {_about(diff.before)}", f"after   {_about(diff.after)}"]
    left_out = _listed(diff.left_out)
    lines += [f"Only one of them has {left_out}: left out."] if left_out else []
    tables = (t for side in (diff.before, diff.after) for t in side.scores.tables.values())
    lost = {name for table in tables for name, *_ in table} - {NOTHING, *RECONSTRUCTIONS.entries}
    lines += [f"Not in the catalogue: {', '.join(sorted(lost))}: left out."] if lost else []
    for title, changes in {"Scores of the arms": diff.scores, "Deltas": diff.deltas}.items():
        rows = [_cells(change) for change in changes]
        lines += ["", title, "", *text_table(HEADER, rows, n_left=3)]
    changes = [*diff.scores, *diff.deltas]
    return [*lines, "", *_notes(changes, diff.has_same_truths), _counts(changes)]


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
    return f"{side.hub}: {_listed(side.conditions)}; {n} {'seed' if n == 1 else 'seeds'}"


def _listed(conditions: Iterable[Place]) -> str:
    return ", ".join(f"{dose:g} {view} {split}" for dose, view, split in sorted(conditions))


def _cells(change: Change) -> list[str]:
    values = (change.before.value, change.after.value, change.change)
    decimals = decimals_of(change.noise, *values)
    return [
        change.subject,
        METRICS.get(change.metric).title(),
        DASH if change.part == VALUE else change.part,
        _number(change, change.before, decimals),
        _number(change, change.after, decimals),
        signed(change.change, decimals),
        DASH if change.noise is None else f"{change.noise:.{decimals}f}",
        change.outcome.value,
    ]


def _number(change: Change, side: Measured, decimals: int) -> str:
    """Return a delta with its sign, a score without; both with the digits that the noise leaves."""
    if side.value is None or " - " in change.subject:
        return signed(side.value, decimals)
    if change.noise is None:
        return fixed(side.value)
    return f"{side.value:.{decimals}f}"


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
