"""Positions of a raster that no file has: so many rows and columns, a step, to and fro or not."""

import re
from dataclasses import dataclass

import numpy as np

from tasks.ingest.file_options import Moves
from tasks.ingest.file_scan import FilePositions
from tasks.ingest.files.units import PIXELS, metres_per_unit

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
WRITTEN = re.compile(
    rf"(?P<rows>\d+)x(?P<columns>\d+),(?P<y>{NUMBER})(?:x(?P<x>{NUMBER}))? ?(?P<unit>[^\W\d_]+)"
    rf"(?P<snake>,snake)?"
)


@dataclass(frozen=True)
class Raster:
    """A raster whose lines are rows: x is the fast axis.

    Attributes:
        step: Steps (y, x) in the unit.
        snake: Whether every other row runs back.
    """

    rows: int
    columns: int
    step: tuple[float, float]
    unit: str
    snake: bool

    def positions(self, moves: Moves | None, n_patterns: int) -> FilePositions:
        """Return the positions of so many patterns, row by row.

        ValueError if there is another number of them, or nobody says whose positions they are.
        """
        if self.rows * self.columns != n_patterns:
            raise ValueError(
                f"--positions.raster has {self.rows} rows of {self.columns} positions, "
                f"{self.rows * self.columns} in all, but the scan has {n_patterns} patterns. "
                f"Correct it."
            )
        if moves is None:
            raise ValueError(
                "--positions.raster does not say what moves from one position to the next. Give "
                "--positions.moves sample or probe."
            )
        row, column = np.indices((self.rows, self.columns))
        if self.snake:
            column[1::2] = column[1::2, ::-1].copy()
        values = np.stack([row.ravel(), column.ravel()], axis=1) * np.array(self.step)
        return FilePositions(
            values, self.unit, moves, is_unit_stated=True, are_apart=True, where="The raster"
        )


def read_raster(text: str) -> Raster:
    """Return the raster of a text such as `20x30,0.5um` or `20x30,0.5x0.4um,snake`.

    ValueError if it is written otherwise, the unit is not known, or a number is 0.
    """
    found = WRITTEN.fullmatch(text.strip())
    if found is None or (
        found["unit"].lower() not in PIXELS and metres_per_unit(found["unit"]) is None
    ):
        raise ValueError(
            f"--positions.raster is {text!r}, expected ROWSxCOLUMNS,STEP with a unit (m, um, nm, "
            f"px), such as 20x30,0.5um; the steps along y and x as 0.5x0.4um; and ,snake behind "
            f"it if every other row runs back."
        )
    rows, columns = int(found["rows"]), int(found["columns"])
    step = float(found["y"]), float(found["x"] or found["y"])
    if not rows * columns * step[0] * step[1] > 0:
        raise ValueError(
            f"--positions.raster is {text!r}, expected rows, columns and steps above 0. Correct it."
        )
    return Raster(rows, columns, step, found["unit"], found["snake"] is not None)
