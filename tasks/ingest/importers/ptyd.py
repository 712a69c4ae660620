"""PtyPy .ptyd: frames in chunks, positions of the probe over the object in metres (y, x).

With `save='link'` PtyPy writes each chunk as a file of its own, and links to it. A `.ptyr` of the
same scan may be named as the product, for its probe.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.foreign_hdf5 import field, number, open_foreign_hdf5, whole
from tasks.ingest.file_options import FileOptions, MaskSense, Moves
from tasks.ingest.file_scan import FileMask, FilePositions, FileScan, unless_given
from tasks.ingest.files.patterns import Patterns, array_patterns, hdf5_patterns
from tasks.ingest.files.units import energy_ev, plausible_m, square


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has frames in chunks."""
    chunks = file.get("chunks")
    if not isinstance(chunks, h5py.Group):
        return False
    found = (chunks.get(name) for name in chunks)
    return any(isinstance(chunk, h5py.Group) and "data" in chunk for chunk in found)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a .ptyd states of a scan; refuse a chunk without frames or positions."""
    with open_foreign_hdf5(path) as file:
        field(file, "chunks/0/data", "diffraction patterns")
        chunks = [f"chunks/{number}" for number in sorted(file["chunks"], key=_chunk_number)]
        frames = [f"{chunk}/data" for chunk in chunks]
        for name in frames:
            field(file, name, "diffraction patterns")
        positions = [
            whole(field(file, f"{chunk}/positions", "positions")).reshape(-1, 2) for chunk in chunks
        ]
        where = f"The positions of {path.name}"
        return FileScan(
            patterns=hdf5_patterns(path, file, frames),
            positions=FilePositions(np.concatenate(positions), "m", Moves.PROBE, where=where),
            energy_ev=unless_given(options.energy_ev, lambda: _energy_ev(file)),
            distance_m=unless_given(
                options.distance_m,
                lambda: plausible_m("distance_m", number(file, "meta/distance")),
            ),
            detector_pixel_m=unless_given(options.detector_pixel_m, lambda: _pixel_m(file)),
            mask=_weights(path, file, chunks),
            origins={"patterns": "chunks/*/data", "positions": "chunks/*/positions"},
        )


def _chunk_number(name: str) -> int:
    """Return the number of a chunk; they are in order of acquisition."""
    if not name.isdigit():
        raise ValueError(f"Chunks of a .ptyd are called 0, 1, 2, ..., got {name!r}. Export again.")
    return int(name)


def _energy_ev(file: h5py.File) -> float | None:
    """Return the photon energy [eV]; PtyPy has it in keV."""
    kev = number(file, "meta/energy")
    return None if kev is None else energy_ev(kev, "keV", f"meta/energy of {file.filename}")


def _pixel_m(file: h5py.File) -> float | None:
    """Return the side of a detector pixel [m]; `psize` may have one for each axis."""
    if "meta/psize" not in file:
        return None
    sides = [float(side) for side in np.ravel(whole(file["meta/psize"]))]
    return plausible_m("detector_pixel_m", square(sides, file.filename))


def _weights(path: Path, file: h5py.File, chunks: list[str]) -> FileMask | None:
    """Return the weights, whose zeros are bad; none where there are no weights."""
    if "meta/weight2d" in file and file["meta/weight2d"].ndim == 2:
        return FileMask.of(whole(file["meta/weight2d"]), MaskSense.NONZERO_IS_GOOD)
    parts: list[Patterns] = []
    for chunk in chunks:
        name = f"{chunk}/weights"
        weights = file.get(name)
        if not isinstance(weights, h5py.Dataset) or weights.ndim < 2 or not weights.size:
            continue
        parts.append(
            array_patterns(whole(weights)[None], "nyx")
            if weights.ndim == 2
            else hdf5_patterns(path, file, (name,))
        )
    return FileMask(tuple(parts), MaskSense.NONZERO_IS_GOOD) if parts else None
