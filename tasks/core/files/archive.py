"""Arrays of .npy, .npz and bz2-compressed files: never unpickled, never larger than a limit.

An archive of a few kilobytes can unpack to terabytes. The sizes that it states are checked, and
what comes out is counted. Arrays are unpacked into files without a name, not into the memory.
"""

import bz2
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from tasks.core.files.atomic_files import scratch_array
from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, whole

BLOCK_BYTES = 2**22
ZIP_START, NPY_START = b"PK\x03\x04", b"\x93NUM"
GIB = 2**30
NUMPY_SUFFIXES = (".npz", ".npy")
LARGEST_FIELD_GIB = 2.0
HEADERS = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}


def is_archive(path: Path) -> bool:
    """Tell from its name whether a file holds NumPy arrays, compressed by bz2 or not."""
    suffixes = path.suffixes[-2:] if path.suffix == ".bz2" else path.suffixes[-1:]
    return bool(suffixes) and suffixes[0] in NUMPY_SUFFIXES


def read_arrays(path: Path, limit_gib: float) -> dict[str, NDArray[Any]]:
    """Unpack all arrays of a .npz or .npy, or either with .bz2, by name; a .npy's is `array`.

    ValueError if the file is missing, damaged, of another kind, holds Python objects, or unpacks to
    more than the limit.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not there. Give the path of a file.")
    try:
        if path.suffix != ".bz2":
            with path.open("rb") as stream:
                return _arrays_of(path, stream, limit_gib)
        with bz2.open(path) as packed, tempfile.TemporaryFile(prefix="phase-g-bz2-") as stream:
            while block := packed.read(BLOCK_BYTES):
                _refuse_bomb(path, stream.tell() + len(block), limit_gib)
                stream.write(block)
            stream.seek(0)
            return _arrays_of(path, stream, limit_gib)
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(
            f"{path} cannot be read as NumPy arrays ({error}). {_why_not_read(path, error)}"
        ) from error


def _why_not_read(path: Path, error: BaseException) -> str:
    """Say what is wrong with an archive; that it is cut short, only where its end is missing."""
    start = _first_bytes(path)
    if isinstance(error, EOFError) or (start == ZIP_START and not zipfile.is_zipfile(path)):
        return "It is cut short: copy it again from its source."
    if start in (ZIP_START, NPY_START) or start[:3] == b"BZh":
        return "It is damaged: copy it again from its source, or save it with numpy.savez."
    return "It is of another kind: copy it again under its own name, or save it with numpy.savez."


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def _arrays_of(path: Path, stream: IO[bytes], limit_gib: float) -> dict[str, NDArray[Any]]:
    """Return the arrays of a .npz, or the only one of a .npy."""
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        return {"array": _read_npy(path, "array", stream, limit_gib)}
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        stated = sum(info.file_size for info in members)
        _refuse_bomb(path, stated, limit_gib)
        arrays, left = {}, limit_gib
        for info in members:
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as member:
                arrays[name] = _read_npy(path, name, member, left)
            left -= arrays[name].nbytes / GIB
    if not arrays:
        raise ValueError(f"{path} holds no NumPy array. Save arrays with numpy.savez.")
    return arrays


def _read_npy(path: Path, name: str, stream: IO[bytes], limit_gib: float) -> NDArray[Any]:
    """Read one array in the format of NumPy, block by block, into a file without a name."""
    try:
        read_header = HEADERS[npy_format.read_magic(stream)]
        shape, is_fortran, dtype = read_header(stream)
    except (ValueError, KeyError, SyntaxError, TokenError) as error:
        raise OSError(f"{name}: {error}") from error  # `read_arrays` names file and cure
    if dtype.hasobject:
        raise ValueError(
            f"{path} holds Python objects in {name}. They would have to be unpickled, which can "
            f"run any program, and is refused. Save plain arrays, with allow_pickle=False."
        )
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    _refuse_bomb(path, count, limit_gib)
    if not count:
        return np.empty(shape, dtype)
    flat = scratch_array((count,), np.uint8)
    filled = 0
    while filled < count:
        block = stream.read(min(BLOCK_BYTES, count - filled))
        if not block:
            raise ValueError(
                f"{path} is cut short: {name} has {filled:,} of {count:,} bytes. Copy it again "
                f"from its source."
            )
        flat[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    return flat.view(dtype).reshape(shape, order="F" if is_fortran else "C")


def _refuse_bomb(path: Path, n_bytes: int, limit_gib: float) -> None:
    if n_bytes > limit_gib * GIB:
        raise ValueError(
            f"{path} unpacks to more than {limit_gib:g} GiB (at least {n_bytes / GIB:.3g} GiB from "
            f"a file of {path.stat().st_size / GIB:.3g} GiB). If it is no archive bomb, raise "
            f"--unpacked-limit-gib, or convert it to HDF5."
        )


def array(arrays: Mapping[str, NDArray[Any]], name: str, path: Path, meaning: str) -> NDArray[Any]:
    """Return an array by name; refuse a file without it."""
    if name not in arrays:
        raise ValueError(
            f"{path} has no {meaning}: the array {name!r} is missing. It holds: "
            f"{', '.join(sorted(arrays))}. Save the array under this name, or describe the file "
            f"with --format arrays --layout.file."
        )
    return arrays[name]


def read_named_array(path: Path | None, name: str | None, usual_name: str) -> NDArray[Any]:
    """Return an array of a .npy, .npz or HDF5: the only one, or that of a name or the usual.

    ValueError if no file is named, or it holds several arrays and none of this name.
    """
    if path is None:
        raise ValueError(f"No file of the {usual_name} is named. Give --{usual_name}.file.")
    wanted = name or usual_name
    if is_archive(path):
        arrays = read_arrays(path, LARGEST_FIELD_GIB)
        if len(arrays) == 1 and name is None:
            wanted = next(iter(arrays))
        if wanted in arrays:
            return np.asarray(arrays[wanted])
        held = ", ".join(sorted(arrays))
    else:
        with open_foreign_hdf5(path) as file:
            if wanted in file:
                return whole(file[wanted])
            held = ", ".join(sorted(file))
    raise ValueError(
        f"{path} has no array {wanted!r}; it holds: {held or 'nothing'}. Name the right one in "
        f"`dataset` beside the file."
    )
