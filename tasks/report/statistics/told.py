"""What people are told of a hub: of the arms that its run has chosen, and of no others.

The JSON files have the headline's arms in any case, null where they were not run. A hub without a
choice is told of as it is.
"""

from collections.abc import Mapping
from typing import Any

from tasks.catalogue.headline import SUBJECT
from tasks.report.statistics.delta_keys import vs
from tasks.report.statistics.deltas import OF, OF_SUBJECT, REASON
from tasks.report.statistics.summary import ARMS

BY_ARM = ("deltas", "intervals")
BY_SPLIT = ("deltas_by_split", "intervals_by_split")


def told_means(means: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return means by arm, of a split or of all, without the arms that were not to be run."""
    arms = summary.get(ARMS)
    return {arm: of_arm for arm, of_arm in means.items() if arms is None or arm in arms}


def told_deltas(delta: Mapping[str, Any]) -> dict[str, Any]:
    """Return a delta summary of the arms that were run, by the one that is held against the others.

    That is PtychoPINN, or without it the first of them, whose deltas stand below `of_subject`.
    """
    if delta.get(ARMS) is None:
        return dict(delta)
    told = {**delta, **delta.get(OF_SUBJECT, {})}
    others = [arm for arm in delta[ARMS] if arm != delta[OF]]
    kept = set(map(vs, others))
    for name in BY_ARM:
        told[name] = _only(told[name], kept)
    for name in BY_SPLIT:
        told[name] = {split: _only(values, kept) for split, values in told[name].items()}
    told["deltas_by_condition"] = [
        {**entry, "deltas": _only(entry["deltas"], kept)} for entry in told["deltas_by_condition"]
    ]
    told["comparisons"] = [entry for entry in told["comparisons"] if entry["against"] in others]
    return told


def subject_of(delta: Mapping[str, Any]) -> str:
    """Return the name of the arm that is held against the others."""
    return str(delta.get(OF, SUBJECT.name))


def headline_reason(delta: Mapping[str, Any]) -> str | None:
    """Return why a hub has no headline, as a sentence without full stop; None where it has one."""
    reason = delta.get(REASON)
    return None if reason is None else str(reason)


def _only(values: Mapping[str, Any], kept: set[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in kept}
