"""Two hubs held against each other, metric by metric."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.core.arms import Arm
from tasks.core.validity import PARTS
from tasks.report.changes import Change, faults_of
from tasks.report.deltas import FAMILIES, METRICS, SECONDARY
from tasks.report.evidence import Question
from tasks.report.hub_scores import Condition, HubScores, OwnScore

SCORES = [
    OwnScore(arm, metric, part, arm)
    for arm in Arm
    for metric, parts in {**dict.fromkeys(METRICS, PARTS), **SECONDARY}.items()
    for part in parts
]
DELTAS = [question for family in FAMILIES.values() for question in family]


@dataclass(frozen=True)
class HubDiff:
    """What differs between two hubs.

    Attributes:
        before: The first hub, over the conditions that both have.
        after: The second hub, likewise.
        left_out: Conditions that one of them has alone.
        scores: Every arm's own scores.
        deltas: PtychoPINN minus the other arms.
    """

    before: HubScores
    after: HubScores
    left_out: list[Condition]
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
    return HubDiff(
        first,
        second,
        sorted(before.conditions ^ after.conditions),
        _changes(first, second, SCORES),
        _changes(first, second, DELTAS),
    )


def _changes(before: HubScores, after: HubScores, questions: Sequence[Question]) -> list[Change]:
    """Return the changes of all that one of the hubs has a value for."""
    found = [
        Change(_subject(q), q.metric, q.part, before.measured(q), after.measured(q))
        for q in questions
    ]
    return [c for c in found if c.before.value is not None or c.after.value is not None]


def _subject(question: Question) -> str:
    if isinstance(question, OwnScore):
        return question.arm.value
    return f"{Arm.PTYCHOPINN.value} - {question.rival.value}"
