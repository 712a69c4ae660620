"""Jittered raster: row by row, each position displaced at random."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.overlap import jittered_raster
from tasks.core.scan_patterns.area import ScanArea


def raster(area: ScanArea, rng: np.random.Generator, _options: object) -> NDArray[np.float64]:
    """Return the positions of a jittered raster (y, x) [px], shape (count, 2)."""
    return jittered_raster(area.n_rows, area.n_columns, area.step_px, area.jitter_px, rng)
