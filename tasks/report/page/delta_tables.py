"""Deltas as tables of the page."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tasks.core.study.quality_flags import PARTS
from tasks.report.statistics.deltas import HEADLINE, METRICS, SECONDARY_FAMILY
from tasks.report.statistics.flags import RIVALS
from tasks.report.texts.interval_texts import delta_cells, interval_caption
from tasks.report.texts.text_tables import signed

CONDITION_DECIMALS = 4
CONDITION_COLUMNS = [
    (rival, metric, part) for rival in RIVALS for metric in METRICS for part in PARTS
]
CONDITION_HEADER = (
    *("dose", "view", "split", "seeds"),
    *(f"{METRICS[metric]} {part} - {rival.value}" for rival, metric, part in CONDITION_COLUMNS),
)


class DeltaTable(NamedTuple):
    """A table, its title, and what its intervals mean, a sentence a note."""

    title: str
    rows: list[list[str]]
    notes: list[str]


def delta_tables(delta: Mapping[str, Any]) -> list[DeltaTable]:
    """Return the headline deltas, those of other metrics, and those over the other splits.

    Args:
        delta: Content of `metrics_delta_summary.json`.
    """
    tables = []
    for family, title in ((HEADLINE, "Headline metrics"), (SECONDARY_FAMILY, "Other metrics")):
        found = [entry for entry in delta["comparisons"] if entry["family"] == family]
        if family == HEADLINE or any(entry["delta"] is not None for entry in found):
            tables.append(_table(title, found))
    headline = delta["aggregate_split"]
    return tables + [
        _table(f"Over the {split} split", _entries(delta, split))
        for split in delta["deltas_by_split"]
        if split != headline
    ]


def condition_rows(delta: Mapping[str, Any]) -> list[list[str]]:
    """Return the deltas of every dose, view and split, below `CONDITION_HEADER`.

    Those over one dose and view are the headline's and need no table of their own: none then.
    """
    found = delta["deltas_by_condition"]
    if len({(entry["dose"], entry["view"]) for entry in found}) < 2:
        return []
    return [
        [
            f"{entry['dose']:g}",
            *(str(entry[name]) for name in ("view", "split", "n_replicates")),
            *(
                signed(entry["deltas"][f"vs_{rival.value}"][metric][part], CONDITION_DECIMALS)
                for rival, metric, part in CONDITION_COLUMNS
            ),
        ]
        for entry in found
    ]


def _table(title: str, found: list[dict[str, Any]]) -> DeltaTable:
    return DeltaTable(title, delta_cells(found), interval_caption(found))


def _entries(delta: Mapping[str, Any], split: str) -> list[dict[str, Any]]:
    """Return the deltas over one split, in the order and shape of the headline ones."""
    values, intervals = delta["deltas_by_split"][split], delta["intervals_by_split"][split]
    entries = []
    for known in delta["comparisons"]:
        if known["family"] == HEADLINE:
            rival, metric, part = (known[name] for name in ("against", "metric", "part"))
            place = f"vs_{rival}"
            entry = {"against": rival, "metric": metric, "part": part}
            entry |= {"delta": values[place][metric][part]} | intervals[place][metric][part]
            entries.append(entry)
    return entries
