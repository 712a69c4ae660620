"""Formats of measured scans. A new one is one new file and one line of `IMPORTERS`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from tasks.core.files.named_files import catalogue
from tasks.ingest.file_options import FileOptions
from tasks.ingest.file_scan import FileScan
from tasks.ingest.importers import (
    arrays,
    cxi,
    eiger,
    nexus,
    ptychodus,
    ptychopinn,
    ptyd,
    tiff,
)


@dataclass(frozen=True)
class Importer:
    """One format.

    Attributes:
        read: Returns what a file of the format states.
        recognises: Tells whether an HDF5 file is of this format.
        takes_archive: Tells whether an archive of NumPy arrays is, by path and options.
        takes_file: Tells whether any file is, by path and options, before its content is looked at.
        reads_product: Whether `read` looks into the file of --product.file itself.
    """

    read: Callable[[Path, FileOptions], FileScan]
    recognises: Callable[[h5py.File], bool] = field(default=lambda _file: False)
    takes_archive: Callable[[Path, FileOptions], bool] = field(default=lambda *_: False)
    takes_file: Callable[[Path, FileOptions], bool] = field(default=lambda *_: False)
    reads_product: bool = False


# A file is of the first format that takes it: the more special ones come first.
IMPORTERS = catalogue(
    "format",
    ("nexus", Importer(nexus.read, nexus.recognises)),
    ("cxi", Importer(cxi.read, cxi.recognises)),
    ("ptyd", Importer(ptyd.read, ptyd.recognises)),
    ("eiger", Importer(eiger.read, eiger.recognises)),
    ("ptychi", Importer(ptychodus.read, ptychodus.recognises_ptychi, reads_product=True)),
    (
        "arrays",
        Importer(
            arrays.read,
            arrays.recognises,
            arrays.has_layout,
            takes_file=arrays.takes,
            reads_product=True,
        ),
    ),
    (
        "ptychodus",
        Importer(ptychodus.read, ptychodus.recognises, ptychodus.takes_archive, reads_product=True),
    ),
    ("tiff", Importer(tiff.read, takes_file=tiff.takes)),
    ("ptychopinn", Importer(ptychopinn.read, takes_archive=ptychopinn.takes_any)),
)
