"""Deltas in words and tables: intervals and verdicts."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from tasks.catalogue.headline import HEADLINE_METRICS, OTHERS, SUBJECT, metrics_among
from tasks.catalogue.metric import HEADLINE, PARTS, SECONDARY, VALUE, Metric
from tasks.catalogue.metrics import METRICS
from tasks.report.statistics.delta_keys import vs
from tasks.report.texts.text_tables import DASH, decimals_of, markdown_table, signed

FAMILY_TITLES = {HEADLINE: "Headline metrics", SECONDARY: "Other metrics"}
DELTA_HEADER = ("metric", "part", "against", "delta", "95 % interval", "p after Holm", "verdict")
MEANING = {
    "seeds": (
        "Intervals are 95 % t intervals over seeds, {n} of them: every seed has scan jitter, noise "
        "and trainings of its own, and a sample where fresh ones were asked for, so they say where "
        "the delta lies when all of that is done again."
    ),
    "spatial": (
        "Intervals are spatial, 95 % t intervals over {n} blocks of the image: they say how evenly "
        "a delta holds over this one object with these trained networks, and do not say how it "
        "would change with another object or another training."
    ),
}
COMPACT_DECIMALS = 4
# Of a table of deltas: the other arm, metric and part, and how many decimals are shown.
Column = tuple[str, Metric, str, int]


def part_name(metric: Metric, part: str) -> str:
    """Return metric and part without a unit, such as `MAE phase` or `FRC area`."""
    return metric.label if part == VALUE else f"{metric.label} {part}"


def told_columns(names: Container[str]) -> list[tuple[Metric, str]]:
    """Return metric and part of the columns of a table, by the names of the metrics it tells of."""
    return [(metric, part) for metric in metrics_among(names) for part in metric.parts]


def shown_families(delta: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return deltas by the family of their p-values: the headline's, and others with a delta."""
    found: dict[str, list[dict[str, Any]]] = {HEADLINE: []}
    for entry in delta.get("comparisons", ()):
        found.setdefault(entry["family"], []).append(entry)
    return {
        family: entries
        for family, entries in found.items()
        if family == HEADLINE or any(entry["delta"] is not None for entry in entries)
    }


def family_title(family: str) -> str:
    """Return `Headline metrics`, `Other metrics`, or such as `Headline metrics against ePIE`."""
    name, _, other = family.partition(" vs ")
    title = FAMILY_TITLES.get(name, f"{name.capitalize()} metrics")
    return f"{title} against {other}" if other else title


def interval_meaning(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return what the intervals mean, a sentence a kind; nothing without intervals."""
    kinds = {entry["kind"]: entry["n"] for entry in found if entry["kind"]}
    return [MEANING[kind].format(n=n) for kind, n in kinds.items()]


def interval_caption(found: Sequence[dict[str, Any]], subject: str = SUBJECT.name) -> list[str]:
    """Return what the intervals mean, and whose the verdicts are; nothing without intervals."""
    lines = interval_meaning(found)
    correction = (
        f"Verdicts are {subject}'s, at 5 % after Holm's correction for all deltas of a table; "
        "the intervals are of one delta each."
    )
    return [*lines, correction] if lines else []


def notes(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return what intervals leave out and why some are missing, a line a reason."""
    concerned: dict[str, list[str]] = {}
    for entry in found:
        if entry["reason"]:
            part = "" if entry["part"] == VALUE else f" {entry['part']}"
            name = f"{METRICS.get(entry['metric']).title()}{part} against {entry['against']}"
            concerned.setdefault(entry["reason"], []).append(name)
    return [
        f"All deltas: {reason}." if len(names) == len(found) else f"{', '.join(names)}: {reason}."
        for reason, names in concerned.items()
    ]


def condition_cells(entry: Mapping[str, Any], columns: Iterable[Column]) -> list[str]:
    """Return a row of `deltas_by_condition`: which condition it is, and a delta a column."""
    place = [f"{entry['dose']:g}", entry["view"], entry["split"], str(entry["n_replicates"])]
    deltas = entry["deltas"]
    return place + [signed(deltas[vs(other)][m.name][part], n) for other, m, part, n in columns]


def delta_rows(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return deltas with intervals and verdicts, as a markdown table."""
    return markdown_table(DELTA_HEADER, delta_cells(found))


def delta_cells(found: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Return deltas with intervals and verdicts, a row each, below `DELTA_HEADER`."""
    return [
        [
            METRICS.get(entry["metric"]).title(),
            DASH if entry["part"] == VALUE else entry["part"],
            entry["against"],
            signed(entry["delta"], decimals_of(entry["half_width"], entry["delta"])),
            interval_text(entry),
            _p_text(entry["p_holm"]),
            entry["verdict"] or DASH,
        ]
        for entry in found
    ]


def interval_text(entry: Mapping[str, Any]) -> str:
    """Return `-0.010 to +0.020`, or a dash."""
    if entry["half_width"] is None:
        return DASH
    decimals = decimals_of(entry["half_width"])
    return f"{signed(entry['low'], decimals)} to {signed(entry['high'], decimals)}"


def compact_lines(delta: dict[str, Any]) -> list[str]:
    """Return the headline intervals for a terminal: a line a metric and arm, at most 100 wide."""
    found = [entry for entry in delta["comparisons"] if entry["family"] == HEADLINE]
    known = [entry for entry in found if entry["kind"]]
    if not known:
        reasons = dict.fromkeys(entry["reason"] for entry in found)
        return [f"No 95 % intervals: {reason}" for reason in reasons]
    source = (
        f"over {known[0]['n']} seeds"
        if known[0]["kind"] == "seeds"
        else f"over {known[0]['n']} blocks of the image (spatial)"
    )
    lines = [f"95 % intervals {source}, verdicts after Holm"]
    for metric in HEADLINE_METRICS:
        for other in OTHERS:
            entries = delta["intervals"][vs(other.name)][metric.name]
            cells = [_compact(part, entries[part]) for part in PARTS]
            name = f"{metric.label} vs {other.name}"
            lines.append(f"{name:<19}: {cells[0]:<39}  {cells[1]}")
    return lines


def _compact(part: str, entry: Mapping[str, Any]) -> str:
    """Return `phase +0.015 ± 0.020 inconclusive`."""
    if entry["half_width"] is None:
        return f"{part} {entry['verdict'] or 'no interval'}"
    decimals = min(decimals_of(entry["half_width"]), COMPACT_DECIMALS)
    middle = signed(entry["estimate"], decimals)
    return f"{part} {middle} ± {entry['half_width']:.{decimals}f} {entry['verdict']}"


def _p_text(p: float | None) -> str:
    if p is None:
        return DASH
    return "< 0.001" if p < 1e-3 else f"{p:.3f}"
