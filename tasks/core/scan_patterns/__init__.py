"""Scan positions of several kinds, all over the same rectangle and equally dense."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.atomic_files import sha256_of
from tasks.core.scan_patterns.area import ScanArea
from tasks.core.scan_patterns.params import SCAN_PATTERNS, ScanParams

__all__ = ["SCAN_PATTERNS", "ScanArea", "ScanParams", "ScanPath", "scan_facts", "scan_path"]


@dataclass(frozen=True)
class ScanPath:
    """The way of one scan, before it is laid on an object.

    Attributes:
        positions_px: Positions (y, x) in acquisition order [px], shape (J, 2). They lie between
            -jitter_px and extent_px + jitter_px.
        extent_px: Height and width of the region that is scanned [px].
        jitter_px: How far positions may lie outside it [px].
    """

    positions_px: NDArray[np.float64]
    extent_px: tuple[float, float]
    jitter_px: float


def scan_path(
    params: ScanParams, size: tuple[int, int], probe_diameter_px: float, rng: np.random.Generator
) -> ScanPath:
    """Return the way of a scan; all kinds but the file have one size and one number of positions.

    Args:
        params: Kind of the scan and overlap of its exposures.
        size: Rows and columns of a raster of the wanted size; a file has its own.
        probe_diameter_px: Diameter that the overlap is meant for [px].
        rng: Source of randomness.

    Returns:
        The positions and the region that they cover.

    Raises:
        ValueError: If a file holds no positions that span an area.
    """
    step = (1 - params.overlap_ratio) * probe_diameter_px
    area = ScanArea(*size, step_px=step, jitter_px=params.jitter_fraction * step)
    positions = SCAN_PATTERNS[params.kind](area, rng, params)
    if params.is_from_file:
        height, width = positions.max(axis=0).tolist()
        return ScanPath(positions, (height, width), jitter_px=0.0)
    extent = ((area.n_rows - 1) * step, (area.n_columns - 1) * step)
    return ScanPath(positions, extent, area.jitter_px)


def scan_facts(params: ScanParams) -> dict[str, Any]:
    """Return what follows from the parameters of a scan and belongs into its record, as JSON."""
    return {} if params.path is None else {"file_sha256": sha256_of(params.path)}
