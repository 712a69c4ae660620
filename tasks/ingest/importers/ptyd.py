"""PtyPy .ptyd: frames in chunks, positions of the probe over the object in metres (y, x).

A `.ptyr` of the same scan may be named as the product, for its probe.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex, Mask
from tasks.core.files.foreign_hdf5 import field, number, open_foreign_hdf5, whole
from tasks.ingest.file_scan import (
    FileOptions,
    FilePositions,
    FileScan,
    MaskSense,
    Moves,
    PositionUnit,
    probe_modes_of,
)
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import energy_ev, plausible_m, square


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has frames in chunks."""
    chunks = file.get("chunks")
    return isinstance(chunks, h5py.Group) and any("data" in chunks[name] for name in chunks)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a .ptyd states of a scan; refuse a chunk without frames or positions."""
    with open_foreign_hdf5(path) as file:
        field(file, "chunks/0/data", "diffraction patterns")
        chunks = [f"chunks/{number}" for number in sorted(file["chunks"], key=_chunk_number)]
        frames = [field(file, f"{chunk}/data", "diffraction patterns") for chunk in chunks]
        positions = [
            whole(field(file, f"{chunk}/positions", "positions")).reshape(-1, 2) for chunk in chunks
        ]
        energy_kev = number(file, "meta/energy") if options.energy_ev is None else None
        distance = number(file, "meta/distance") if options.distance_m is None else None
        return FileScan(
            patterns=hdf5_patterns(path, *frames),
            positions=FilePositions(np.concatenate(positions), PositionUnit.M, Moves.PROBE),
            energy_ev=None
            if energy_kev is None
            else energy_ev(energy_kev, "keV", f"meta/energy of {path}"),
            distance_m=plausible_m("distance_m", distance),
            detector_pixel_m=_pixel_m(file, options),
            mask=_weights(file, chunks),
            mask_sense=MaskSense.NONZERO_IS_GOOD,
            probe_modes=_read_ptyr_probe(options.product.file),
            origins={"patterns": "chunks/*/data", "positions": "chunks/*/positions"},
        )


def _chunk_number(name: str) -> int:
    """Return the number of a chunk; they are in order of acquisition."""
    if not name.isdigit():
        raise ValueError(f"Chunks of a .ptyd are called 0, 1, 2, ..., got {name!r}. Export again.")
    return int(name)


def _pixel_m(file: h5py.File, options: FileOptions) -> float | None:
    """Return the side of a detector pixel [m]; `psize` may have one for each axis."""
    if options.detector_pixel_m is not None or "meta/psize" not in file:
        return None
    sides = [float(side) for side in np.ravel(whole(file["meta/psize"]))]
    return plausible_m("detector_pixel_m", square(sides, file.filename))


def _weights(file: h5py.File, chunks: list[str]) -> NDArray[Any] | None:
    """Return where no frame has a weight of zero, shape (H, W); none where there are no weights."""
    if "meta/weight2d" in file and whole(file["meta/weight2d"]).ndim == 2:
        return np.asarray(whole(file["meta/weight2d"]) != 0)
    good: Mask | None = None
    for chunk in chunks:
        weights = file.get(f"{chunk}/weights")
        if weights is None or weights.ndim < 2 or not weights.size:
            continue
        here = whole(weights) != 0 if weights.ndim == 2 else _nonzero_everywhere(weights)
        good = here if good is None else good & here
    return good


def _nonzero_everywhere(weights: h5py.Dataset) -> Mask:
    """Return where every frame of a chunk has weight, read a few frames at a time."""
    good = np.ones(weights.shape[1:], dtype=np.bool_)
    for start in range(0, len(weights), 64):
        good &= np.all(weights[start : start + 64] != 0, axis=0)
    return good


def _read_ptyr_probe(path: Path | None) -> Complex | None:
    """Return the first probe of a .ptyr as modes, shape (M, N, N); none without a file."""
    if path is None:
        return None
    with open_foreign_hdf5(path) as file:
        probes = file.get("content/probe")
        storages = sorted(probes) if isinstance(probes, h5py.Group) else []
        for name in storages:
            if "data" in probes[name]:
                return probe_modes_of(whole(probes[name]["data"]), f"{path}: content/probe/{name}")
    raise ValueError(
        f"{path} has no probe under content/probe/<ID>/data. Name a .ptyr of PtyPy as "
        f"--product.file, or leave it out."
    )
