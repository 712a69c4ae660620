"""Tables in markdown and for a terminal, and numbers in their cells."""

import math
from collections.abc import Sequence

DASH = "–"
LARGE = 1e4
FEWEST_DECIMALS, MOST_DECIMALS = 3, 6


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a markdown table, first column left, the others right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int = 1) -> list[str]:
    """Return the lines of a table whose columns are padded with blanks.

    Args:
        header: Titles of the columns.
        rows: Their cells.
        n_left: How many columns, from the first, are flush left; the others are flush right.
    """
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


def decimals_of(half_width: float | None) -> int:
    """Return how many decimals an interval deserves: two digits of its half width, 3 to 6."""
    if not half_width:
        return FEWEST_DECIMALS + 1
    wanted = 1 - math.floor(math.log10(half_width))
    return min(max(wanted, FEWEST_DECIMALS), MOST_DECIMALS)


def signed(value: float | None, decimals: int, missing: str = DASH) -> str:
    """Return a difference with its sign; a dash for none."""
    return missing if value is None else f"{value:+.{decimals}f}"
