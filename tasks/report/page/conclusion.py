"""Which arm won, by how much, and how sure that is, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.catalogue.headline import HEADLINE_METRICS, arms_named
from tasks.catalogue.metric import HEADLINE, Metric
from tasks.catalogue.metrics import METRICS
from tasks.report.statistics.delta_keys import others_told
from tasks.report.statistics.paired_scores import key_of
from tasks.report.statistics.told import headline_reason, subject_of, told_deltas, told_means
from tasks.report.texts.evidence import SECOND
from tasks.report.texts.interval_texts import (
    interval_meaning,
    interval_text,
    part_name,
    shown_families,
)
from tasks.report.texts.text_tables import decimals_of, signed

DECIDED = ("better", "worse")
VERDICT_WORDS = {
    "better": "better in",
    "worse": "worse in",
    "inconclusive": "undecided in",
    None: "without a verdict in",
}


@dataclass(frozen=True)
class Conclusion:
    """What a reader must take home."""

    headline: str
    against: tuple[str, ...]
    certainty: tuple[str, ...]


def conclusion_of(
    summary: Mapping[str, Any], delta: Mapping[str, Any], evidence: Sequence[str] = ()
) -> Conclusion:
    """Return the conclusion; it begins with the evidence of a measured run, if there is any."""
    if not summary["jobs"]:
        return Conclusion("No comparison succeeded: there are no numbers to tell who won.", (), ())
    means = told_means(summary["aggregate_metrics"], summary)
    told, subject, reason = told_deltas(delta), subject_of(delta), headline_reason(delta)
    names = {metric.name for metric in HEADLINE_METRICS}
    found = [entry for entry in told["comparisons"] if entry["metric"] in names]
    headline = f"{_where(summary)}: {_leaders(means)}."
    first, *others = (*evidence, f"{SECOND}. {headline}") if evidence else (headline,)
    return Conclusion(
        headline=first,
        against=(
            *others,
            *([f"{reason}."] if reason else []),
            *(
                _against(subject, other.name, [e for e in found if e["against"] == other.name])
                for other in others_told(told["deltas"])
            ),
        ),
        certainty=tuple(interval_meaning(shown_families(told)[HEADLINE])),
    )


def best_models(means: Mapping[str, Any], metric: Metric, part: str) -> list[str]:
    """Return the arms with the best mean of a metric, all of them where they are equal."""
    values = {arm.name: means[arm.name][metric.name][f"mean_{part}"] for arm in arms_named(means)}
    known = {model: value for model, value in values.items() if value is not None}
    if len(known) < 2:
        return []
    best = (max if metric.higher_is_better else min)(known.values())
    return [model for model, value in known.items() if value == best]


def _where(summary: Mapping[str, Any]) -> str:
    """Return which comparisons the means are over."""
    split = summary["aggregate_split"]
    keys = [key_of(job) for job in summary["jobs"] if split in ("all", job["split"])]
    conditions = {key._replace(replicate=1) for key in keys}
    if len(conditions) == 1:
        seeds = f", mean of {len(keys)} seeds" if len(keys) > 1 else ""
        return f"At {conditions.pop().description}{seeds}"
    pairs = f"{len(conditions)} pairs of dose and view"
    return f"Over {len(keys)} comparisons of the {split} split ({pairs})"


def _leaders(means: Mapping[str, Any]) -> str:
    """Return who has the best mean in how many of the headline numbers."""
    won: dict[str, list[str]] = {}
    n_known = 0
    for metric in HEADLINE_METRICS:
        for part in metric.parts:
            best = best_models(means, metric, part)
            n_known += bool(best)
            for model in best:
                won.setdefault(model, []).append(part_name(metric, part))
    if not won:
        return "fewer than two arms have numbers, so nobody wins"
    (leader, most), *others = sorted(won.items(), key=lambda item: -len(item[1]))
    if len(most) == n_known and not others:
        return f"{leader} has the best mean in all {n_known} headline numbers"
    texts = [f"{model} in {', '.join(names)}" for model, names in others]
    lead = f"{leader} has the best mean in {len(most)} of {n_known} headline numbers"
    return f"{lead} ({', '.join(most)}), {'; '.join(texts)}" if texts else lead


def _against(subject: str, other: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return what the subject gains and loses against one other arm, verdict by verdict."""
    known = [entry for entry in entries if entry["delta"] is not None]
    if not known:
        return f"{subject} cannot be held against {other}: a value of one of them is missing."
    decided = any(entry["verdict"] in DECIDED for entry in known)
    parts = []
    for verdict, words in VERDICT_WORDS.items():
        members = [entry for entry in known if entry["verdict"] == verdict]
        # Numbers of what is undecided would bury those that are decided.
        tell = _name if decided and verdict not in DECIDED else _told
        if n := len(members):
            amount = f"all {n}" if n == len(known) else f"{n} of {len(known)}"
            parts.append(f"{words} {amount} ({'; '.join(map(tell, members))})")
    return f"Against {other}, {subject} is {', '.join(parts)}."


def _name(entry: Mapping[str, Any]) -> str:
    return part_name(METRICS.get(entry["metric"]), entry["part"])


def _told(entry: Mapping[str, Any]) -> str:
    """Return `MAE phase -0.0012, interval -0.0030 to +0.0005`."""
    value = signed(entry["delta"], decimals_of(entry["half_width"], entry["delta"]))
    interval = "" if entry["half_width"] is None else f", interval {interval_text(entry)}"
    return f"{_name(entry)} {value}{interval}"
