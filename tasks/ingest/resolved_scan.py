"""Opening a measured scan, everything that is needed said of it: by its file, or by the person.

A file stays in its folder. What nobody says is asked for by the name of the option, not guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex, Mask, Real64
from tasks.core.files.archive import is_archive
from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, refuse_links_out
from tasks.core.files.named_files import path_below
from tasks.core.files.scan_record import Geometry
from tasks.ingest.file_scan import (
    LARGEST_VALUE,
    FilePositions,
    FileScan,
    MaskSense,
    Moves,
    Order,
    PositionUnit,
    Values,
    ZeroFrequency,
)
from tasks.ingest.files.patterns import Patterns
from tasks.ingest.files.units import LENGTH_UNITS_M
from tasks.ingest.importers import IMPORTERS
from tasks.ingest.params import AUTO, IngestParams

PIXEL_AGREEMENT = 0.02


@dataclass(frozen=True)
class ResolvedScan:
    """A measured scan; its patterns are as they are stored; None for what is not known.

    Attributes:
        positions: Positions of the probe over the object (y, x), shape (J, 2), in metres or, where
            no metre is known, in object pixels of the stored patterns.
        object_pixel_m: Side of an object pixel for the stored patterns [m].
        good: Detector pixels that can be trusted, as stored, shape (H, W).
        dark: Dark frame of the scan's own file, as stored, (H, W), or a stack of them.
        probe_modes: Modes of the scan's own probe, any scale, shape (M, N, N).
        origins: Where each of these was found.
    """

    format: str
    patterns: Patterns
    values: Values
    zero_frequency: ZeroFrequency
    positions: Real64
    in_metres: bool
    geometry: Geometry | None
    object_pixel_m: float | None
    good: Mask | None
    dark: NDArray[Any] | None
    probe_modes: Complex | None
    origins: dict[str, str]

    def __len__(self) -> int:
        """Return the number of patterns."""
        return self.patterns.shape[0]

    @property
    def stored_px(self) -> int:
        """Side of a stored pattern along x [px]."""
        return self.patterns.shape[2]

    def positions_px(self, n_px: int, binning: int = 1) -> Real64:
        """Return the positions of the probe (y, x) in object pixels, shape (J, 2).

        A pattern that is cropped to a share of its side has object pixels larger by the inverse of
        that share; adding up pixels leaves them as they are.
        """
        share = n_px * binning / self.stored_px
        pixel = self.object_pixel_m if self.in_metres and self.object_pixel_m else 1.0
        return self.positions * share / pixel


def open_scan(path: Path, params: IngestParams) -> ResolvedScan:
    """Open a measured scan; its patterns are read when they are asked for.

    ValueError if the file cannot be read, leads out of the data root, is of no known format, or
    neither it nor the parameters say what is needed.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not there. Give the path of a file.")
    root = path.resolve().parent if params.data_root is None else params.data_root.resolve()
    for given in (path, params.product.file, params.layout.file):
        if given is None:
            continue
        if params.data_root is not None and path_below(params.data_root, given.resolve()) is None:
            raise ValueError(
                f"{given} lies outside the data root {params.data_root}. Name a file below it."
            )
        if h5py.is_hdf5(given):
            refuse_links_out(given, root)
    name = _recognise(path, params) if params.format == AUTO else params.format
    return resolve(IMPORTERS[name].read(path, params), params, name)


def _recognise(path: Path, params: IngestParams) -> str:
    """Return the name of a file's format, from its content."""
    if is_archive(path):
        return next(name for name, one in IMPORTERS.items() if one.takes_archive(path, params))
    with open_foreign_hdf5(path) as file:
        for name, importer in IMPORTERS.items():
            if importer.recognises(file):
                return name
        top = ", ".join(sorted(file)) or "nothing"
    raise ValueError(
        f"{path} is HDF5, but of no format that is known here; its top level holds: {top}. Name "
        f"its --format ({', '.join(IMPORTERS)}), or save its arrays as .npz with a --layout.file."
    )


def resolve(file_scan: FileScan, params: IngestParams, format_: str) -> ResolvedScan:
    """Join what a file states with what a person says; ask for what is missing or contradictory."""
    geometry, object_pixel_m = _resolve_geometry(file_scan, params)
    positions, in_metres = _resolve_positions(file_scan, params, object_pixel_m)
    return ResolvedScan(
        format=format_,
        patterns=file_scan.patterns,
        values=params.patterns.values or file_scan.values,
        zero_frequency=params.patterns.zero_frequency or file_scan.zero_frequency,
        positions=positions,
        in_metres=in_metres,
        geometry=geometry,
        object_pixel_m=object_pixel_m,
        good=_good_pixels(file_scan, params.mask.sense or file_scan.mask_sense),
        dark=file_scan.dark,
        probe_modes=file_scan.probe_modes,
        origins={key: value for key, value in file_scan.origins.items() if value},
    )


def _resolve_geometry(
    file_scan: FileScan, params: IngestParams
) -> tuple[Geometry | None, float | None]:
    """Return the instrument and the object pixel; None for what is not known."""
    energy = params.energy_ev or file_scan.energy_ev
    distance = params.distance_m or file_scan.distance_m
    pixel = params.detector_pixel_m or file_scan.detector_pixel_m
    object_pixel = file_scan.object_pixel_m
    side = file_scan.patterns.shape[2]
    if energy and distance and not pixel and object_pixel:
        pixel = Geometry(energy, distance, 1.0).object_pixel_m(side) / object_pixel
    if energy and distance and pixel:
        geometry = Geometry(energy, distance, pixel)
        implied = geometry.object_pixel_m(side)
        if object_pixel and abs(implied / object_pixel - 1) > PIXEL_AGREEMENT:
            raise ValueError(
                f"The file states object pixels of {object_pixel:.4g} m, but energy "
                f"{energy:.6g} eV, distance {distance:g} m and {side} detector pixels of "
                f"{pixel:g} m make them {implied:.4g} m. One of them is wrong, or the patterns "
                f"were cropped or binned since: give --energy-ev, --distance-m or "
                f"--detector-pixel-m."
            )
        return geometry, implied
    if params.geometry_unknown or file_scan.geometry_unknown:
        return None, object_pixel
    known = {"energy-ev": energy, "distance-m": distance, "detector-pixel-m": pixel}
    lacking = ", ".join(f"--{name}" for name, value in known.items() if not value)
    raise ValueError(
        f"The file does not say all of the geometry. Give {lacking}; or, if nobody knows them, "
        f"--geometry-unknown: then every length stays in pixels."
    )


def _resolve_positions(
    file_scan: FileScan, params: IngestParams, object_pixel_m: float | None
) -> tuple[Real64, bool]:
    """Return positions of the probe (y, x), and whether they are in metres."""
    asked, found = params.positions, file_scan.positions
    values = _checked(found, file_scan.patterns.shape[0], asked.leave_out)
    unit = asked.unit or found.unit
    order, moves = asked.order or found.order, asked.moves or found.moves
    if order is None:
        raise ValueError(
            "The file does not say the order of its positions. Give --positions.order."
        )
    if order is Order.XY:
        values = values[:, ::-1]
    if moves is Moves.SAMPLE:
        values = -values
    if asked.swap:
        values = values[:, ::-1]
    values = values * np.where([asked.negate_y, asked.negate_x], -1.0, 1.0)
    if unit is PositionUnit.PX:
        return values, False
    if object_pixel_m is None:
        raise ValueError(
            "The positions are in metres, but without energy, distance and detector pixel nobody "
            "knows how large an object pixel is. Give --energy-ev, --distance-m and "
            "--detector-pixel-m, or positions in pixels with --positions.unit px."
        )
    return values * LENGTH_UNITS_M[unit], True


def _checked(found: FilePositions, n_patterns: int, left_out: Sequence[int]) -> Real64:
    """Return positions (J, 2), as many as patterns, finite but for those that are left out."""
    values = found.values
    if values.ndim != 2 or values.shape[1] != 2 or len(values) != n_patterns:
        raise ValueError(
            f"The scan has {n_patterns} patterns, but positions of shape {values.shape}, expected "
            f"({n_patterns}, 2). Leave out the patterns or positions that have no partner, or name "
            f"the arrays that belong together."
        )
    if max(left_out, default=0) >= n_patterns:
        raise ValueError(
            f"--positions.leave-out names exposure {max(left_out)}, but the scan has {n_patterns}, "
            f"counted from 0. Correct it."
        )
    is_used = np.ones(n_patterns, dtype=np.bool_)
    is_used[list(left_out)] = False
    bad = np.flatnonzero(~(np.abs(values) < LARGEST_VALUE).all(axis=1) & is_used)
    if len(bad):
        first = " ".join(f"--positions.leave-out {index}" for index in bad[:3])
        raise ValueError(
            f"{len(bad)} of {n_patterns} positions are not finite, the first of them number "
            f"{bad[0]}. Repair them, or leave those exposures out ({first}"
            f"{' ...' if len(bad) > 3 else ''})."
        )
    return np.where(is_used[:, None], values, 0.0)


def _good_pixels(file_scan: FileScan, sense: MaskSense | None) -> Mask | None:
    """Return where the file's mask is good, shape (H, W)."""
    mask, shape = file_scan.mask, file_scan.patterns.shape
    if mask is None:
        return None
    if sense is None:
        raise ValueError(
            "The file has a mask, but does not say whether zero is good. Give --mask.sense "
            "zero_is_good or nonzero_is_good."
        )
    if mask.shape != shape[1:]:
        raise ValueError(
            f"The mask has the shape {mask.shape}, the patterns {shape[1:]}. Give the mask of this "
            f"detector, as the patterns were cut."
        )
    return np.asarray(mask != 0 if sense is MaskSense.NONZERO_IS_GOOD else mask == 0)
