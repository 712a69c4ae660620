"""Tables in markdown and for a terminal, numbers in their cells, and JSON for people."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from tasks.catalogue.headline import SOLVER
from tasks.report.statistics.summary import KEY, TRUTH

LABEL = "against the reference"
SENTENCE = (
    "Metrics and deltas are against the reference, pty-chi's reconstruction of all patterns: "
    f"nobody knows the truth, and {SOLVER.name} itself is not held against it."
)
DASH = "–"
LARGE = 1e4
FEWEST_DECIMALS, MOST_DECIMALS = 3, 6
LINE_WIDTH = 100
INDENT = "  "


def labelled(lines: Iterable[str], content: Mapping[str, Any]) -> list[str]:
    """Return lines of deltas, each with what they are against where that is no truth."""
    is_truth = content.get(KEY, TRUTH) == TRUTH
    return list(lines) if is_truth else [f"{line}  ({LABEL})" for line in lines]


def caveat(content: Mapping[str, Any]) -> str:
    """Return a space and a sentence on what the metrics mean; nothing where there is a truth."""
    return "" if content.get(KEY, TRUTH) == TRUTH else f" {SENTENCE}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a markdown table, first column left, the others right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int = 1) -> list[str]:
    """Return the lines of a table whose columns are padded with blanks."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < n_left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in (header, ["-" * width for width in widths], *rows)
    ]


def fixed(value: float | None) -> str:
    """Return a number for a table: three decimals, one more if small, four digits if large."""
    if value is None:
        return DASH
    if abs(value) >= LARGE:
        return f"{value:.4g}"
    return f"{value:.3f}" if abs(value) >= 0.0995 else f"{value:.4f}"


def decimals_of(half_width: float | None, *values: float | None) -> int:
    """Return the decimals of two digits of a half width, 3 to 6; 6 if a value would read as 0."""
    found = 1 - math.floor(math.log10(half_width)) if half_width else FEWEST_DECIMALS + 1
    found = min(max(found, FEWEST_DECIMALS), MOST_DECIMALS)
    return MOST_DECIMALS if any(value and not round(value, found) for value in values) else found


def signed(value: float | None, decimals: int, missing: str = DASH) -> str:
    """Return a difference with its sign; a dash for none."""
    return missing if value is None else f"{value:+.{decimals}f}"


def pretty_json(content: Any, order: Sequence[str] = ()) -> str:
    """Return JSON as indented text that says exactly what `write_json` would say.

    `write_json` sorts keys by letters, and gives every number a line of its own. Here keys come in
    an order that is given, and a group that fits on a line of 100 characters has one. Equal
    content gives equal text; what is not JSON, NumPy scalars too, raises TypeError.
    """
    ranks = {key: rank for rank, key in enumerate(order)}
    return f"{_lines(_ordered(content, ranks), '', 0)}\n"


def _ordered(content: Any, ranks: dict[str, int]) -> Any:
    if isinstance(content, dict):
        keys = sorted(content, key=lambda key: (ranks.get(key, len(ranks)), key))
        return {key: _ordered(content[key], ranks) for key in keys}
    if isinstance(content, list):
        return [_ordered(item, ranks) for item in content]
    return content


def _lines(content: Any, indent: str, n_taken: int) -> str:
    """Return a value whose first line has `n_taken` characters before it."""
    compact = _on_one_line(content)
    is_group = isinstance(content, (dict, list)) and len(content) > 0
    if not is_group or n_taken + len(compact) <= LINE_WIDTH:
        return compact
    inner = indent + INDENT
    if isinstance(content, dict):
        names = [f"{inner}{_scalar(key)}: " for key in content]
        opening, closing, members = "{", "}", list(content.values())
    else:
        names = [inner] * len(content)
        opening, closing, members = "[", "]", content
    lines = [
        f"{name}{_lines(value, inner, len(name) + 1)}"
        for name, value in zip(names, members, strict=True)
    ]
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _on_one_line(content: Any) -> str:
    if isinstance(content, dict):
        return (
            "{"
            + ", ".join(f"{_scalar(key)}: {_on_one_line(item)}" for key, item in content.items())
            + "}"
        )
    if isinstance(content, list):
        return "[" + ", ".join(_on_one_line(item) for item in content) + "]"
    return _scalar(content)


def _scalar(content: Any) -> str:
    return orjson.dumps(content).decode()
