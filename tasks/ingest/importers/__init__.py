"""Formats of measured scans. A new one is one new file and one line of `IMPORTERS`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py

from tasks.ingest.conventions import Format
from tasks.ingest.file_scan import FileScan
from tasks.ingest.files.archive import is_archive
from tasks.ingest.files.hdf5 import open_foreign_hdf5, refuse_links_out
from tasks.ingest.importers import arrays, cxi, nexus, ptychi, ptychodus, ptychopinn, ptyd
from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_scan import ResolvedScan, resolve


@dataclass(frozen=True)
class Importer:
    """One format.

    Attributes:
        read: Returns what a file of the format states.
        recognises: Whether an HDF5 file is of this format; None for one that is no HDF5.
    """

    read: Callable[[Path, IngestParams], FileScan]
    recognises: Callable[[h5py.File], bool] | None = None


# An HDF5 file is of the first format that recognises it: the more special ones come first.
IMPORTERS: dict[Format, Importer] = {
    Format.NEXUS: Importer(nexus.read, nexus.recognises),
    Format.CXI: Importer(cxi.read, cxi.recognises),
    Format.PTYD: Importer(ptyd.read, ptyd.recognises),
    Format.PTYCHI: Importer(ptychi.read, ptychi.recognises),
    Format.PTYCHODUS: Importer(ptychodus.read, ptychodus.recognises),
    Format.PTYCHOPINN: Importer(ptychopinn.read),
    Format.ARRAYS: Importer(arrays.read),
}


def open_scan(path: Path, params: IngestParams) -> ResolvedScan:
    """Open a measured scan; its patterns are read when they are asked for.

    Args:
        path: The file.
        params: What the file does not say, and what shall be taken instead of what it says.

    Returns:
        The scan, everything that is needed stated.

    Raises:
        ValueError: If the file cannot be read or leads out of the data root, is of no format that
            is known, or neither it nor the parameters say what is needed.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not there. Give the path of a file.")
    root = path.resolve().parent if params.data_root is None else params.data_root.resolve()
    for given in (path, params.product.file, params.layout.file):
        _refuse_outside(given, params.data_root)
        if given is not None and h5py.is_hdf5(given):
            refuse_links_out(given, root)
    found = params.format if params.format is not Format.AUTO else recognise(path, params)
    return resolve(IMPORTERS[found].read(path, params), params)


def recognise(path: Path, params: IngestParams) -> Format:
    """Return the format of a file, from its content.

    Raises:
        ValueError: If it is of none.
    """
    if is_archive(path):
        return Format.PTYCHOPINN if params.layout.file is None else Format.ARRAYS
    with open_foreign_hdf5(path) as file:
        for name, importer in IMPORTERS.items():
            if importer.recognises is not None and importer.recognises(file):
                return name
        top = ", ".join(sorted(file)) or "nothing"
    raise ValueError(
        f"{path} is HDF5, but of no format that is known here; its top level holds: {top}. Name "
        f"its --format ({', '.join(IMPORTERS)}), or save its arrays as .npz with a --layout.file."
    )


def _refuse_outside(path: Path | None, data_root: Path | None) -> None:
    """Refuse a file outside the data root, where one is named; links are followed first."""
    if path is None or data_root is None:
        return
    if not path.resolve().is_relative_to(data_root.resolve()):
        raise ValueError(f"{path} lies outside the data root {data_root}. Name a file below it.")
