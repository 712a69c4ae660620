"""The table of a comparison on disk: `comparison_metrics.csv`, one row per model and metric."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.core.files.csv_table import number_cell, parse_number, read_table, write_table

# A row of this name: the metrics were taken against a reference, since nobody knows the truth.
AGAINST_REFERENCE = "against_reference"
COLUMNS = ("model", "metric", "amplitude", "phase", "value")


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
    seen: set[tuple[str, str]] = set()
    lines = []
    for row in rows:
        _refuse_twin(seen, row, path.name)
        numbers = zip(COLUMNS[2:], (row.amplitude, row.phase, row.value), strict=True)
        cells = [
            number_cell(number, f"{name} of {row.metric} of {row.model}")
            for name, number in numbers
        ]
        lines.append([row.model, row.metric, *cells])
    write_table(path, COLUMNS, lines)


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
    for where, cells in read_table(path, COLUMNS):
        row = _parse(cells, where)
        _refuse_twin(seen, row, where)
        rows.append(row)
    return rows


def _parse(cells: dict[str, str], where: str) -> MetricRow:
    """Return the row behind named cells."""
    model, metric = cells["model"], cells["metric"]
    if not model or not metric:
        raise ValueError(
            f"{where}: a row needs a model and a metric, got model {model!r} and metric "
            f"{metric!r}. Name both or remove the row."
        )
    amplitude, phase, value = (
        parse_number(cells[name], f"{where}: {name} of {metric} of {model}") for name in COLUMNS[2:]
    )
    return MetricRow(model, metric, amplitude, phase, value)


def _refuse_twin(seen: set[tuple[str, str]], row: MetricRow, where: str) -> None:
    """Remember a row; refuse one whose model and metric were there before."""
    if (row.model, row.metric) in seen:
        raise ValueError(
            f"{where}: {row.metric} of {row.model} comes twice. Keep one of the two rows."
        )
    seen.add((row.model, row.metric))
