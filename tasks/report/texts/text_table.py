"""Tables for a terminal: columns padded with blanks."""

from collections.abc import Sequence


def padded_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int = 1
) -> list[str]:
    """Return the lines of a table.

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
