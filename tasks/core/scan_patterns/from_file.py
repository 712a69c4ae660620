"""Scan positions from a file: a measured trajectory, or one made elsewhere."""

import csv
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from tasks.core import Real64

HEADER = ["y", "x"]


class ScanFileOptions(BaseModel):
    """Where the positions of a scan from a file are."""

    path: Path | None = Field(
        None, description="file: positions (y, x) [px] in acquisition order, .csv or .npy"
    )


def positions_from_file(_area: object, _rng: object, options: ScanFileOptions) -> Real64:
    """Return the positions (y, x) [px] of a file, whose smallest are moved into [0, 1).

    They are moved by whole pixels, and keep their order, their distances and their sub-pixel parts;
    rows, columns and step do not matter. The file is `.npy` of shape (J, 2), or `.csv` with two
    columns y and x, with or without that header. ValueError if it is missing or of another kind, or
    its positions are not finite, fewer than four, or on a line.
    """
    if options.path is None:
        raise ValueError("A scan from a file needs the file. Set path.")
    positions = _read_positions(options.path)
    _check_positions(positions, options.path)
    return np.asarray(positions - np.floor(positions.min(axis=0)))


def _check_positions(positions: Real64, path: Path) -> None:
    """Refuse positions that make no scan."""
    if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) < 4:
        raise ValueError(
            f"{path} must hold at least four positions (y, x), shape (J, 2), but holds "
            f"shape {positions.shape}."
        )
    bad = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{len(bad)} of {len(positions)} positions of {path} are not finite, the first "
            f"is number {bad[0]}: {positions[bad[0]].tolist()}. Remove or correct them."
        )
    if np.ptp(positions, axis=0).min() < 1:
        raise ValueError(
            f"The positions of {path} span {np.ptp(positions, axis=0).tolist()} px along "
            f"(y, x), which is no area. Give them in object pixels, not in metres."
        )


def _read_positions(path: Path) -> Real64:
    if path.suffix not in {".csv", ".npy"}:
        raise ValueError(f"Positions are read from .csv or .npy, got {path}. Convert the file.")
    try:
        if path.suffix == ".csv":
            return _read_csv(path)
        with path.open("rb") as file:
            return np.asarray(np.load(file, allow_pickle=False), dtype=np.float64)
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise ValueError(
            f"{path} cannot be read as positions ({error}). Give two columns of numbers, y and x "
            f"[px], one position a line."
        ) from error


def _read_csv(path: Path) -> Real64:
    with path.open(newline="", encoding="utf-8") as file:
        lines = [[cell.strip() for cell in line] for line in csv.reader(file) if line]
    if lines and lines[0] == HEADER:
        lines = lines[1:]
    return np.array([[float(cell) for cell in line] for line in lines])
