"""Which arm won, by how much, and how sure that is: in words, and as tables of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tasks.catalogue.headline import HEADLINE_METRICS, SUBJECT, arms_among, others_among
from tasks.catalogue.metric import HEADLINE, Metric
from tasks.catalogue.metrics import METRICS
from tasks.report.statistics.deltas import others_of, vs
from tasks.report.statistics.paired_scores import key_of
from tasks.report.texts.interval_texts import (
    CORRECTION,
    condition_cells,
    delta_cells,
    family_title,
    interval_caption,
    interval_text,
    notes,
    part_name,
    shown_families,
    told_columns,
)
from tasks.report.texts.text_tables import decimals_of, signed

DECIDED = ("better", "worse")
VERDICT_WORDS = {
    "better": "better in",
    "worse": "worse in",
    "inconclusive": "undecided in",
    None: "without a verdict in",
}
CONDITION_DECIMALS = 4
CONDITION_HEADER = ("dose", "view", "split", "seeds")


@dataclass(frozen=True)
class Conclusion:
    """What a reader must take home."""

    headline: str
    against: tuple[str, ...]
    certainty: tuple[str, ...]


def conclusion_of(summary: Mapping[str, Any], delta: Mapping[str, Any]) -> Conclusion:
    """Return the conclusion."""
    if not summary["jobs"]:
        return Conclusion("No comparison succeeded: there are no numbers to tell who won.", (), ())
    means, told = summary["aggregate_metrics"], {metric.name for metric in HEADLINE_METRICS}
    found = [entry for entry in delta["comparisons"] if entry["metric"] in told]
    caption = interval_caption(shown_families(delta)[HEADLINE])
    return Conclusion(
        headline=f"{_where(summary)}: {_leaders(means)}.",
        against=tuple(
            _against(other.name, [entry for entry in found if entry["against"] == other.name])
            for other in others_among(means)
        ),
        certainty=tuple(line for line in caption if line != CORRECTION),
    )


def best_models(means: Mapping[str, Any], metric: Metric, part: str) -> list[str]:
    """Return the arms with the best mean of a metric, all of them where they are equal."""
    values = {arm.name: means[arm.name][metric.name][f"mean_{part}"] for arm in arms_among(means)}
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


def _against(other: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return what the subject gains and loses against one other arm, verdict by verdict."""
    known = [entry for entry in entries if entry["delta"] is not None]
    if not known:
        return f"{SUBJECT.name} cannot be held against {other}: a value of one of them is missing."
    decided = any(entry["verdict"] in DECIDED for entry in known)
    parts = []
    for verdict, words in VERDICT_WORDS.items():
        members = [entry for entry in known if entry["verdict"] == verdict]
        # Numbers of what is undecided would bury those that are decided.
        tell = _name if decided and verdict not in DECIDED else _told
        if n := len(members):
            amount = f"all {n}" if n == len(known) else f"{n} of {len(known)}"
            parts.append(f"{words} {amount} ({'; '.join(map(tell, members))})")
    return f"Against {other}, {SUBJECT.name} is {', '.join(parts)}."


def _name(entry: Mapping[str, Any]) -> str:
    return part_name(METRICS.get(entry["metric"]), entry["part"])


def _told(entry: Mapping[str, Any]) -> str:
    """Return `MAE phase -0.0012, interval -0.0030 to +0.0005`."""
    value = signed(entry["delta"], decimals_of(entry["half_width"], entry["delta"]))
    interval = "" if entry["half_width"] is None else f", interval {interval_text(entry)}"
    return f"{_name(entry)} {value}{interval}"


class DeltaTable(NamedTuple):
    """A table, its title, and what its intervals mean, a sentence a note."""

    title: str
    rows: list[list[str]]
    notes: list[str]


def delta_tables(delta: Mapping[str, Any]) -> list[DeltaTable]:
    """Return the headline deltas, those of other metrics, and those over the other splits."""
    tables = [(family_title(family), found) for family, found in shown_families(delta).items()]
    for split in delta["deltas_by_split"]:
        if split != delta["aggregate_split"]:
            for family, found in _families_over(split, delta).items():
                beside = "" if family == HEADLINE else f": {family_title(family)}"
                tables.append((f"Over the {split} split{beside}", found))
    return [DeltaTable(t, delta_cells(f), [*interval_caption(f), *notes(f)]) for t, f in tables]


def condition_table(delta: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the deltas of every dose, view and split.

    Those over one dose and view are the headline's and need no table of their own: no rows then.
    """
    found = delta["deltas_by_condition"]
    columns = [
        (other.name, metric, part, CONDITION_DECIMALS)
        for other in others_of(delta["deltas"])
        for metric, part in told_columns(delta["directions"])
    ]
    titles = [f"{part_name(metric, part)} - {other}" for other, metric, part, _ in columns]
    header = [*CONDITION_HEADER, *titles]
    if len({(entry["dose"], entry["view"]) for entry in found}) < 2:
        return header, []
    return header, [condition_cells(entry, columns) for entry in found]


def _families_over(split: str, delta: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the deltas that are told over one split, by family, as `comparisons` has others."""
    values, intervals = delta["deltas_by_split"][split], delta["intervals_by_split"][split]
    found: dict[str, list[dict[str, Any]]] = {}
    for known in delta["comparisons"]:
        if known["metric"] in delta["directions"]:
            against, metric, part = (known[name] for name in ("against", "metric", "part"))
            entry = {"against": against, "metric": metric, "part": part}
            entry["delta"] = values[vs(against)][metric][part]
            entry |= intervals[vs(against)][metric][part]
            found.setdefault(known["family"], []).append(entry)
    return found
