"""Two hubs held against each other, metric by metric."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tasks.core.study.arms import Arm
from tasks.core.study.quality_flags import PARTS
from tasks.report.history.changes import Change, faults_of
from tasks.report.history.hub_scores import HubScores, OwnScore, Place
from tasks.report.statistics.deltas import FAMILIES, METRICS, SECONDARY
from tasks.report.statistics.paired_scores import DeltaKey

SCORES = [
    OwnScore(arm, metric, part, arm)
    for arm in Arm
    for metric, parts in {**dict.fromkeys(METRICS, PARTS), **SECONDARY}.items()
    for part in parts
]
DELTAS = [wanted for family in FAMILIES.values() for wanted in family]


@dataclass(frozen=True)
class HubDiff:
    """What differs between two hubs.

    Attributes:
        before: The first hub, over the conditions that both have.
        after: The second hub, likewise.
        left_out: Conditions that one of them has alone.
        has_same_truths: Whether both have the same replicates, and none is known to show another
            object than its twin.
        scores: Every arm's own scores.
        deltas: PtychoPINN minus the other arms.
    """

    before: HubScores
    after: HubScores
    left_out: list[Place]
    has_same_truths: bool
    scores: list[Change]
    deltas: list[Change]

    @property
    def faults(self) -> list[Change]:
        """What got worse beyond its noise, and what is no longer there."""
        return faults_of([*self.scores, *self.deltas])


def diff_hubs(before: HubScores, after: HubScores) -> HubDiff:
    """Compare two hubs over the doses, views and splits that both have.

    Raises:
        ValueError: If they share none.
    """
    shared = before.conditions & after.conditions
    if not shared:
        names = [
            ", ".join(f"{dose:g} {view} {split}" for dose, view, split in sorted(side.conditions))
            for side in (before, after)
        ]
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
        _changes((first, second), SCORES, has_same_truths),
        _changes((first, second), DELTAS, has_same_truths),
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
        found.append(Change(_subject(wanted), wanted.metric, wanted.part, before, after))
    return [c for c in found if c.before.value is not None or c.after.value is not None]


def _subject(wanted: DeltaKey) -> str:
    if isinstance(wanted, OwnScore):
        return wanted.arm.value
    return f"{Arm.PTYCHOPINN.value} - {wanted.rival.value}"
