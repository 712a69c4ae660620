"""Objects of any program, read from its files. A format is one file and one line of `READERS`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py

from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, refuse_links_out
from tasks.core.files.named_files import catalogue
from tasks.object_readers import (
    arrays,
    cdtools,
    cxi,
    hdf5,
    matlab,
    phase_g,
    ptychodus,
    ptyr,
    tiff,
)
from tasks.object_readers.stored_object import StoredObject


@dataclass(frozen=True)
class ObjectReader:
    """One format.

    Attributes:
        read: Returns the object of a file.
        says: What it is, for the help.
        recognises: Tells whether an HDF5 file is of this format.
        takes: Tells from its path whether another file is.
    """

    read: Callable[[Path], StoredObject]
    says: str
    recognises: Callable[[h5py.File], bool] = field(default=lambda _file: False)
    takes: Callable[[Path], bool] = field(default=lambda _path: False)


# A file is of the first format that takes it: the more special ones come first.
READERS = catalogue(
    "format",
    ("phase-g", ObjectReader(phase_g.read, "HDF5 of this project", phase_g.recognises)),
    ("cxi", ObjectReader(cxi.read, "CXI with image_1", cxi.recognises)),
    ("ptyr", ObjectReader(ptyr.read, "PtyPy's .ptyr", ptyr.recognises)),
    (
        "ptychodus",
        ObjectReader(
            ptychodus.read, "product of Ptychodus, or pty-chi's HDF5", ptychodus.recognises
        ),
    ),
    ("cdtools", ObjectReader(cdtools.read, "HDF5 saved by cdtools", cdtools.recognises)),
    (
        "matlab",
        ObjectReader(matlab.read, ".mat of version 5 or 7.3", matlab.recognises, matlab.takes),
    ),
    ("hdf5", ObjectReader(hdf5.read, "any HDF5 with one complex object", hdf5.recognises)),
    (
        "numpy",
        ObjectReader(arrays.read, ".npy or .npz with one complex object", takes=arrays.takes),
    ),
    ("tiff", ObjectReader(tiff.read, "X_amplitude.tif and X_phase.tif [rad]", takes=tiff.takes)),
)


def read_stored_object(path: Path) -> StoredObject:
    """Read the object of a file of any known format.

    Raises:
        ValueError: If the file is missing, damaged, of no known format, leads to other folders, or
            does not hold one finite complex image.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not there. Give the path of a file that holds an object.")
    name = _format_of(path)
    return replace(READERS[name].read(path), format_name=name)


def _format_of(path: Path) -> str:
    """Return the name of the first format that takes a file; ValueError if none does."""
    if h5py.is_hdf5(path):
        refuse_links_out(path, path.parent)
        with open_foreign_hdf5(path) as file:
            found = [name for name, reader in READERS.items() if reader.recognises(file)]
    else:
        found = [name for name, reader in READERS.items() if reader.takes(path)]
    if not found:
        known = "; ".join(f"{name}: {reader.says}" for name, reader in READERS.items())
        raise ValueError(
            f"{path.name} is of no known format. Known are {known}. Save the object as a complex "
            f"array in .npy."
        )
    return found[0]
