"""CSV tables of exact bytes: equal numbers give equal files, and are read back as written."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.core.files.atomic_files import write_text

SIGNIFICANT_DIGITS = 10
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write cells, numbers from `number_cell`; whole or not at all, equal rows give equal bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(path, text.getvalue())


def read_table(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Read a table of any program that has these columns, in any order, and no others.

    Returns:
        Where every row stands (file and line), and its cells by column without outer spaces.

    Raises:
        ValueError: If the file is not text, or columns or cells do not match; names file and line.
    """
    try:
        lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        table = [(lines.line_num, cells) for cells in lines if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} cannot be read as a CSV table ({error}). Run the comparison again."
        ) from error
    header = [cell.strip() for cell in table[0][1]] if table else []
    if sorted(header) != sorted(columns):
        raise ValueError(
            f"{path} must have the columns {','.join(columns)}, got {','.join(header) or 'none'}. "
            f"Rename or remove columns, or run the comparison again."
        )
    rows = []
    for line, cells in table[1:]:
        where = f"{path}, line {line}"
        if len(cells) != len(columns):
            raise ValueError(
                f"{where}: expected {len(columns)} cells, got {len(cells)}. The file was cut short "
                f"or edited: run the comparison again."
            )
        rows.append((where, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    return rows


def number_cell(number: float | None, what: str) -> str:
    """Return the text of a number, empty for None; raises ValueError if it is not finite."""
    if number is None:
        return ""
    if not math.isfinite(number):
        raise ValueError(
            f"{what} is {number}. Numbers of a table are finite or None: make it again."
        )
    return repr(float(f"{number:.{SIGNIFICANT_DIGITS}g}"))


def parse_number(text: str, what: str) -> float | None:
    """Return the number of a cell, None for an empty one; raises ValueError otherwise."""
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if text and not math.isfinite(number):
        raise ValueError(
            f"{what} must be a finite number or empty, got {text!r}. Run the comparison again."
        )
    return number if text else None
