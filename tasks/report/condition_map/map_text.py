"""The map of a study in words and tables: for the terminal, and as the page of an artifact."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tasks.catalogue.headline import SOLVER, SUBJECT
from tasks.catalogue.metrics import METRICS
from tasks.report.condition_map.condition_map import EQUAL_CPU, RESULT, side_of
from tasks.report.texts.text_tables import DASH, fixed, markdown_table, signed, text_table

MARKS = {"better": " ▲", "worse": " ▼", "inconclusive": " ○"}
MARKS_MEAN = "▲ better, ▼ worse, ○ inconclusive, by the verdict of each condition"
DECIMALS = 4
COST_HEADER = (
    "dose",
    "view",
    f"{SUBJECT.name} [CPU s]",
    f"{SOLVER.name} [CPU s]",
    f"{SOLVER.name} until as good [CPU s]",
    "ratio",
    "training [CPU s]",
    "scans that pay it",
)
Map = Mapping[str, Any]


def map_lines(content: Map) -> list[str]:
    """Return the deltas of every condition for the terminal, with the break-even doses."""
    results = _of_basis(content, RESULT)
    return [
        f"Deltas of every condition, {SUBJECT.name} minus the other arm, {content['split']} split",
        *text_table(_header(results), _rows(content, results), n_left=3),
        MARKS_MEAN,
        *_sentences(results),
    ]


def map_markdown(content: Map) -> str:
    """Return the map as markdown."""
    lines = [
        "# Deltas over dose and overlap",
        "",
        f"{SUBJECT.name} minus the other arm, {content['split']} split. {content['bases'][RESULT]} "
        f"{MARKS_MEAN}.",
        "",
        *_section(content, RESULT),
        "## At equal CPU-seconds",
        "",
        content["bases"][EQUAL_CPU],
        "",
        *_section(content, EQUAL_CPU),
        "CPU-seconds of the work for one scan; until as good: until pty-chi's complex error is "
        f"{SUBJECT.name}'s.",
        "",
        *markdown_table(COST_HEADER, [_cost_row(entry) for entry in content["costs"]]),
        "",
        content["interpolation"],
    ]
    return "\n".join(lines) + "\n"


def title_of(one: Map) -> str:
    """Return metric and part of a map with its unit, such as `MAE phase [rad]`."""
    return METRICS.get(one["metric"]).title(one["part"])


def _section(content: Map, basis: str) -> list[str]:
    """Return the deltas of one basis, and where they are even."""
    maps = _of_basis(content, basis)
    sentences = (f"* {sentence}" for sentence in _sentences(maps))
    return [*markdown_table(_header(maps), _rows(content, maps)), "", *sentences, ""]


def _of_basis(content: Map, basis: str) -> list[Map]:
    return [one for one in content["maps"] if one["basis"] == basis]


def _header(maps: Sequence[Map]) -> list[str]:
    return ["dose", "view", "against", *dict.fromkeys(title_of(one) for one in maps)]


def _rows(content: Map, maps: Sequence[Map]) -> list[list[str]]:
    """Return a row a condition and arm."""
    titles, rows = _header(maps)[3:], []
    for view in reversed(content["views"]):
        for dose in content["doses"]:
            for other in dict.fromkeys(one["against"] for one in maps):
                of_other = {title_of(one): one for one in maps if one["against"] == other}
                cells = [cell_of(of_other[title], dose, view["view"]) for title in titles]
                if any(cells):
                    rows.append([f"{dose:g}", view["view"], other, *map(_cell_text, cells)])
    return rows


def cell_of(one: Map, dose: float, view: str) -> Map | None:
    """Return the cell of a condition; None where it was not compared."""
    found = (cell for cell in one["cells"] if (cell["dose"], cell["view"]) == (dose, view))
    return next(found, None)


def _cell_text(cell: Map | None) -> str:
    """Return a delta with the mark of its verdict."""
    if cell is None or cell["delta"] is None:
        return DASH
    return f"{signed(cell['delta'], DECIMALS)}{MARKS.get(cell.get('verdict') or '', '')}"


def _sentences(maps: Iterable[Map]) -> Iterator[str]:
    """Yield where the subject is even with the other arm, a sentence a map."""
    for one in maps:
        head = f"{title_of(one)}, {SUBJECT.name} - {one['against']}"
        if one["side"] is None:
            yield f"{head}: not known."
        elif one["side"] != "mixed":
            yield f"{head}: {one['side']} at every measured point."
        else:
            yield f"{head}: {_crossing_text(one)}."


def _crossing_text(one: Map) -> str:
    """Return of each view at which doses it is even, or on which side it lies."""
    texts = []
    for entry in reversed(one["crossings"]):
        doses = " and ".join(f"{dose:.3g}" for dose in entry["doses"])
        even = f"break-even at {doses} photons per pattern"
        texts.append(f"{entry['view']} {even if doses else _side(one, entry['view'])}")
    return "; ".join(texts)


def _side(one: Map, view: str) -> str:
    """Return on which side of break-even the known points of a view lie."""
    sign = 1 if one["direction"].startswith("higher") else -1
    known = [c["delta"] for c in one["cells"] if c["view"] == view and c["delta"] is not None]
    return side_of([sign * delta for delta in known]) or "not known"


def _cost_row(entry: Map) -> list[str]:
    ratio, scans = entry["cpu_ratio_at_equal_error"], entry["scans_to_pay_training"]
    unmatched = entry["n_replicates"] > 0 and entry[f"{SOLVER.slug}_cpu_s_to_match"] is None
    return [
        f"{entry['dose']:g}",
        entry["view"],
        fixed(entry[f"{SUBJECT.slug}_cpu_s"]),
        fixed(entry[f"{SOLVER.slug}_cpu_s"]),
        "not reached" if unmatched else fixed(entry[f"{SOLVER.slug}_cpu_s_to_match"]),
        DASH if ratio is None else f"{ratio:.3g}",
        fixed(entry["training_cpu_s"]),
        DASH if scans is None else str(scans),
    ]
