"""Scan positions of several kinds, all over the same rectangle and equally dense.

A new pattern is one new file and one line of `SCAN_PATTERNS`; where it has options of its own, they
are a class in that file and a base of `ScanParams`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from tasks.core import Real64, StrictModel
from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.named_files import Fingerprint, catalogue, fingerprint_of, name_field, one_of
from tasks.core.scan_patterns.concentric import concentric
from tasks.core.scan_patterns.fermat import fermat
from tasks.core.scan_patterns.from_file import ScanFileOptions, positions_from_file
from tasks.core.scan_patterns.random_positions import random_positions
from tasks.core.scan_patterns.raster import AreaOptions, ScanArea, raster

ScanMaker = Callable[[ScanArea, np.random.Generator, "ScanParams"], Real64]
FILE_KIND = "file"

SCAN_PATTERNS: dict[str, ScanMaker] = catalogue(
    "scan kind",
    ("raster", raster),
    ("fermat", fermat),
    ("concentric", concentric),
    ("random", random_positions),
    (FILE_KIND, positions_from_file),
)


class ScanParams(ScanFileOptions, AreaOptions, StrictModel):
    """Where the probe goes, and how much its neighbouring exposures overlap."""

    kind: Annotated[str, one_of(SCAN_PATTERNS, "scan kind")] = name_field(
        "raster", SCAN_PATTERNS, "Pattern of the scan"
    )
    overlap_ratio: float = Field(
        0.7, ge=0, lt=1, description="Linear overlap of neighbours, 1 - step / diameter"
    )
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("path", "The file of positions")

    @property
    def is_from_file(self) -> bool:
        """Tell whether the positions come from a file."""
        return self.kind == FILE_KIND

    @model_validator(mode="after")
    def _file_is_named(self) -> Self:
        if self.is_from_file != (self.path is not None):
            raise ValueError(
                f"A scan of kind {self.kind!r} came with path {self.path}. A path belongs to the "
                f"kind {FILE_KIND!r} and to no other: set both or neither."
            )
        return self


@dataclass(frozen=True)
class ScanPath:
    """The way of one scan, before it is laid on an object.

    Positions (y, x) [px], (J, 2), in acquisition order; they lie between -jitter_px and extent_px +
    jitter_px, the height and width of the region.
    """

    positions_px: Real64
    extent_px: tuple[float, float]
    jitter_px: float


def scan_path(
    params: ScanParams, size: tuple[int, int], probe_diameter_px: float, rng: np.random.Generator
) -> ScanPath:
    """Return the way of a scan with an overlap, for the diameter [px] that it is meant for.

    The size is rows and columns of a raster. All kinds but the file, which has its own, have one
    size and one number of positions.
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
