"""Formats of measured scans. A new one is one new file and one line of `IMPORTERS`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from tasks.core.files.named_files import catalogue
from tasks.ingest.file_scan import FileOptions, FileScan
from tasks.ingest.importers import arrays, cxi, nexus, ptychodus, ptychopinn, ptyd


@dataclass(frozen=True)
class Importer:
    """One format.

    Attributes:
        read: Returns what a file of the format states.
        recognises: Tells whether an HDF5 file is of this format.
        takes_archive: Tells whether an archive of NumPy arrays is, by path and options.
    """

    read: Callable[[Path, FileOptions], FileScan]
    recognises: Callable[[h5py.File], bool] = field(default=lambda _file: False)
    takes_archive: Callable[[Path, FileOptions], bool] = field(default=lambda *_: False)


# A file is of the first format that takes it: the more special ones come first.
IMPORTERS = catalogue(
    "format",
    ("nexus", Importer(nexus.read, nexus.recognises)),
    ("cxi", Importer(cxi.read, cxi.recognises)),
    ("ptyd", Importer(ptyd.read, ptyd.recognises)),
    ("ptychi", Importer(ptychodus.read, ptychodus.recognises_ptychi)),
    ("ptychodus", Importer(ptychodus.read, ptychodus.recognises)),
    ("arrays", Importer(arrays.read, takes_archive=arrays.has_layout)),
    ("ptychopinn", Importer(ptychopinn.read, takes_archive=ptychopinn.takes_any)),
)
