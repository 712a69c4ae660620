"""The costs of the reconstructions as tables: `arm_costs.csv` and `arm_costs.md`."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.catalogue.metrics import METRICS
from tasks.core.files.atomic_files import write_text
from tasks.report.costs.cost_points import QUALITIES, CostPoint, Spread, by_condition
from tasks.report.costs.costs import ArmCost
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.texts.summary_text import column_title
from tasks.report.texts.text_tables import DASH, markdown_table

TITLE = "# What the arms cost"
ALWAYS_KNOWN = ("wall_s", "cpu_s", "training_cpu_s", "peak_memory_mib")
NUMBERS = (*ALWAYS_KNOWN, "n_patterns", "patterns_per_s", "training_cpu_s_per_pattern")
COLUMNS = ("model", *ComparisonKey._fields, *NUMBERS)
EXPLANATION = (
    "CPU-seconds are those of all processors for one scan: prediction, iteration, the prediction "
    "that a run starts from, and fine-tuning on the scan, without loading a framework. Training is "
    "paid once and stands apart, with the labels where they had to be made. Patterns per second "
    "are those of the work itself."
)
SPREAD = "± is the standard deviation over replicates."
SHOWN = {
    "CPU [s]": "cpu_s",
    "training CPU [s]": "training_cpu_s",
    "memory [MiB]": "peak_memory_mib",
    "patterns/s": "patterns_per_s",
}
ERRORS = tuple(reversed(QUALITIES))
COST_HEADER = ("model", *SHOWN, *(column_title(METRICS.get(name), part) for name, part in ERRORS))


def write_costs(path: Path, costs: Iterable[ArmCost]) -> None:
    """Write the table, whole or not at all; six significant digits, empty where unknown."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cost in costs:
        cells = (_csv_cell(getattr(cost, name)) for name in NUMBERS)
        writer.writerow([cost.model, *cost.key, *cells])
    write_text(path, text.getvalue())


def costs_markdown(points: Sequence[CostPoint], taken: Mapping[str, str] | None = None) -> str:
    """Return `arm_costs.md`: cost and error of every model, a table a dose, view and split.

    Arms whose networks were `taken` from another hub are named, and the hub.
    """
    repeated = any(len(point.costs) > 1 for point in points)
    lines = [TITLE, "", f"{EXPLANATION} {SPREAD}" if repeated else EXPLANATION, ""]
    if taken:
        hubs = ", ".join(sorted({source.partition("/")[0] for source in taken.values()}))
        lines += [
            f"Nothing was trained here: the networks of {', '.join(taken)} come from the hub "
            f"{hubs}, and the training CPU-seconds are those of their training there.",
            "",
        ]
    for members in by_condition(points):
        lines += [f"## {members[0].title}", ""]
        lines += [*markdown_table(COST_HEADER, cost_cells(members)), ""]
    return "\n".join(lines)


def cost_cells(members: Iterable[CostPoint]) -> list[list[str]]:
    """Return cost and error of every model, a row each, below `COST_HEADER`."""
    return [
        [
            point.model,
            *(_spread_text(point.of(name)) for name in SHOWN.values()),
            *(_spread_text(point.quality.get(error)) for error in ERRORS),
        ]
        for point in members
    ]


def read_costs(path: Path) -> list[ArmCost]:
    """Read what `write_costs` wrote; raises ValueError on a missing column or a bad cell."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = sorted(set(COLUMNS) - set(rows[0] if rows else ()))
    if missing:
        raise ValueError(
            f"{path} lacks the columns {', '.join(missing)} or has no rows. Run the flow again in "
            f"this hub."
        )
    return [_cost_of_row(row) for row in rows]


def digest_lines(text: str) -> list[str]:
    """Return `arm_costs.md` as a section of another page: no title, lesser headings."""
    lines = text.removeprefix(TITLE).strip().splitlines()
    return [f"#{line}" if line.startswith("## ") else line for line in lines]


def _cost_of_row(row: Mapping[str, str | None]) -> ArmCost:
    """Return one row as a cost; raises ValueError if a cell is not what it should be."""
    cells = {name: row[name] or "" for name in COLUMNS}
    key = ComparisonKey.of(
        _finite(cells["dose"]), cells["view"], cells["split"], int(cells["replicate"])
    )
    numbers: dict[str, Any] = {
        name: _finite(cells[name]) if cells[name] else None for name in NUMBERS
    }
    for name in ALWAYS_KNOWN:
        if numbers[name] is None:
            raise ValueError(f"The costs of {cells['model']} lack {name!r}.")
    if numbers["n_patterns"] is not None:
        numbers["n_patterns"] = int(numbers["n_patterns"])
    return ArmCost(cells["model"], key, **numbers)


def _finite(cell: str) -> float:
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"Costs are finite numbers, got {cell}.")
    return number


def _csv_cell(number: float | None) -> str:
    if number is None:
        return ""
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def _spread_text(spread: Spread | None) -> str:
    """Return `12.3 ± 0.4`: three digits, the deviation with as many decimals."""
    if spread is None:
        return DASH
    if spread.mean == 0:
        return "0"
    decimals = 0 if spread.mean >= 100 else 1 if spread.mean >= 10 else 2 if spread.mean >= 1 else 4
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.{decimals}f}"
    return f"{spread.mean:.{decimals}f}{deviation}"
