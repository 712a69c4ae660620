"""Tables in markdown, and numbers in their cells."""

import math
from collections.abc import Sequence

DASH = "–"
LARGE = 1e4
FEWEST_DECIMALS, MOST_DECIMALS = 3, 6


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a markdown table, first column left, the others right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


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


def signed(value: float | None, decimals: int) -> str:
    """Return a difference with its sign; a dash for none."""
    return DASH if value is None else f"{value:+.{decimals}f}"
