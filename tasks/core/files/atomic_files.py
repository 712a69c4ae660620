"""Files that appear whole or not at all, their fingerprints, and files without a name."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
from numpy.typing import DTypeLike


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the name once the block ends well.

    The content reaches the disk before the rename, so that a power cut leaves the old file or the
    new one, and an exception nothing. The suffix is the same; missing folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=f".partial{path.suffix}", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 text with line feeds, whole or not at all."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON with sorted keys, whole or not at all; TypeError for what is not JSON."""
    write_bytes(path, json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """Return JSON as `write_json` writes it; equal content gives equal bytes."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(content, option=options)


def read_json(path: Path) -> Any:
    """Read JSON; ValueError, which names the file, if it holds something else."""
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"{path} is not valid JSON ({error}). It was cut short or edited: delete it and run "
            f"the same command again."
        ) from error


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Write named arrays as a compressed NPZ without pickle, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open HDF5 to read; ValueError if it is missing, cut short or lacks what is asked of it."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError) as error:
        raise ValueError(
            f"{path} cannot be read as the HDF5 file that is expected there ({error}). It is "
            f"missing, cut short or of another kind: put the right one there, or, if a "
            f"run made it, delete it and run the same command again."
        ) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike) -> "np.memmap[Any, Any]":
    """Return an array of zeros in a file without a name, which may be larger than the memory."""
    with tempfile.TemporaryFile(prefix="phase-g-array-") as file:
        return np.memmap(file, dtype=dtype, mode="w+", shape=shape)
