"""The table of a comparison on disk: `comparison_metrics.csv`, one row per model and metric."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.core.files import write_text

COLUMNS = ("model", "metric", "amplitude", "phase", "value")
SIGNIFICANT_DIGITS = 10
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class MetricRow:
    """One metric of one model.

    Attributes:
        model: Name of the arm or control.
        metric: Name of the metric; a unit ends the name where there is one.
        amplitude: Its value for the amplitude; None where it has none.
        phase: Its value for the phase [rad where it has a unit]; None where it has none.
        value: Its value where it belongs to neither; None where it has none.
    """

    model: str
    metric: str
    amplitude: float | None = None
    phase: float | None = None
    value: float | None = None


def write_metrics_csv(path: Path, rows: Iterable[MetricRow]) -> None:
    """Write the table, whole or not at all; equal rows give equal bytes.

    Numbers have ten significant digits; what a metric has no value for is an empty cell.

    Raises:
        ValueError: If a number is not finite, or a model and metric come twice.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    seen: set[tuple[str, str]] = set()
    for row in rows:
        _refuse_twin(seen, row, path.name)
        cells = [
            _cell(row, name, number)
            for name, number in zip(COLUMNS[2:], (row.amplitude, row.phase, row.value), strict=True)
        ]
        writer.writerow([row.model, row.metric, *cells])
    write_text(path, text.getvalue())


def read_metrics_csv(path: Path) -> list[MetricRow]:
    """Read a table, whoever wrote it, and trust nothing in it.

    Args:
        path: CSV file; columns in any order.

    Returns:
        Its rows, in the order of the file.

    Raises:
        ValueError: If the file is not text, a column is missing or unknown, a row has more or
            fewer cells, a number is not a finite number, or a model and metric come twice; the
            message names the file, the line and the model.
    """
    seen: set[tuple[str, str]] = set()
    rows = []
    for where, cells in read_cells(path, COLUMNS):
        row = _parse(cells, where)
        _refuse_twin(seen, row, where)
        rows.append(row)
    return rows


def read_cells(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Read the cells of a table that has just these columns, in any order.

    Args:
        path: CSV file.
        columns: Names of the columns.

    Returns:
        For every row where it stands, for messages, and its cells by column.

    Raises:
        ValueError: If the file is not text, a column is missing or unknown, or a row has more or
            fewer cells.
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


def read_number(text: str, what: str, cure: str) -> float | None:
    """Return the finite number in a cell; None for an empty one.

    Raises:
        ValueError: If it holds anything else; the message says what it should be, and the cure.
    """
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if text and not math.isfinite(number):
        raise ValueError(f"{what} must be a finite number or empty, got {text!r}. {cure}")
    return number if text else None


def _parse(cells: dict[str, str], where: str) -> MetricRow:
    """Return the row behind named cells."""
    model, metric = cells["model"], cells["metric"]
    if not model or not metric:
        raise ValueError(
            f"{where}: a row needs a model and a metric, got model {model!r} and metric "
            f"{metric!r}. Name both or remove the row."
        )
    cure = f"Reconstruct and compare {model} again."
    numbers = {
        name: read_number(cells[name], f"{where}: {name} of {metric} of {model}", cure)
        for name in COLUMNS[2:]
    }
    return MetricRow(model, metric, numbers["amplitude"], numbers["phase"], numbers["value"])


def _refuse_twin(seen: set[tuple[str, str]], row: MetricRow, where: str) -> None:
    """Remember a row; refuse one whose model and metric were there before."""
    if (row.model, row.metric) in seen:
        raise ValueError(
            f"{where}: {row.metric} of {row.model} comes twice. Keep one of the two rows."
        )
    seen.add((row.model, row.metric))


def _cell(row: MetricRow, column: str, number: float | None) -> str:
    """Return the text of a cell."""
    if number is None:
        return ""
    if not math.isfinite(number):
        raise ValueError(
            f"{column} of {row.metric} of {row.model} is {number}. Metrics are finite or None: "
            f"reconstruct {row.model} again."
        )
    return repr(float(f"{number:.{SIGNIFICANT_DIGITS}g}"))
