"""pty-chi's test files: `dp` and the fields of a product, in one HDF5 file or in two."""

from dataclasses import replace
from pathlib import Path

import h5py

from tasks.ingest.conventions import Format
from tasks.ingest.file_scan import FileScan
from tasks.ingest.importers import ptychodus
from tasks.ingest.importers.ptychodus_product import has_positions
from tasks.ingest.params import IngestParams


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has `dp` and the positions beside it."""
    return "dp" in file and has_positions(file)


def read(path: Path, params: IngestParams) -> FileScan:
    """Read what the file, and the product where one is named, state of a scan.

    The fields are those of Ptychodus; the pixel of the object is stated, energy and distance are
    not.

    Raises:
        ValueError: As for Ptychodus.
    """
    return replace(ptychodus.read(path, params), format=Format.PTYCHI)
