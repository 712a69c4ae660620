"""The curves of a comparison as the page reads them: ring correlation, convergence and training."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Curve:
    """Values over something that rises."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class TrainingCurves:
    """What a training left behind: the loss of every step, and the held-out loss now and then."""

    loss: Curve
    held_out: Curve


def read_frc_curves(path: Path) -> dict[str, Curve]:
    """Return correlation over frequency [1 / px] by model, from `frc_curves.csv`."""
    return _by_model(path, "frequency_per_px", "correlation")


def read_convergence(path: Path) -> dict[str, Curve]:
    """Return the complex error over the epoch by model, from `convergence.csv`."""
    return _by_model(path, "epoch", "complex_nrmse")


def read_errors(path: Path, columns: Sequence[str]) -> dict[str, dict[str, Curve]]:
    """Return errors over the epoch by column and model, from `convergence.csv`."""
    return {column: _by_model(path, "epoch", column) for column in columns}


def read_training(path: Path) -> TrainingCurves:
    """Return the losses of a training, from its `history.csv`."""
    curves = TrainingCurves(Curve(), Curve())
    for row in _rows(path, ("step", "loss", "held_out_loss")):
        step = _number(row["step"])
        curves.loss.x.append(step)
        curves.loss.y.append(_number(row["loss"]))
        if row["held_out_loss"]:
            curves.held_out.x.append(step)
            curves.held_out.y.append(_number(row["held_out_loss"]))
    return curves


def read_iteration(path: Path) -> TrainingCurves:
    """Return the loss of every epoch of an iterative run, from its `ptychi_history.csv`."""
    rows = _rows(path, ("epoch", "loss"))
    loss = Curve([_number(row["epoch"]) for row in rows], [_number(row["loss"]) for row in rows])
    return TrainingCurves(loss, Curve())


def _by_model(path: Path, x: str, y: str) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for row in _rows(path, ("model", x, y)):
        curve = curves.setdefault(row["model"], Curve())
        curve.x.append(_number(row[x]))
        curve.y.append(_number(row[y]))
    return curves


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a table that has some columns; raises ValueError if it has not."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows: list[dict[str, Any]] = list(reader)
    except csv.Error as error:
        raise ValueError(f"not a CSV table: {error}") from error
    missing = sorted(set(columns) - set(reader.fieldnames or ()))
    if missing:
        raise ValueError(f"columns missing: {', '.join(missing)}")
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise ValueError(f"line {line} has more or fewer cells than the header")
    if not rows:
        raise ValueError("no rows below the header")
    return rows


def _number(cell: str) -> float:
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"numbers must be finite, got {cell}")
    return value
