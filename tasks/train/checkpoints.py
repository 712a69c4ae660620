"""Checkpoints of a training: whole or not at all, two of them, and only for whom they belong to.

A checkpoint is a NPZ without pickle that holds the SHA-256 of its arrays and the fingerprint of the
stage that wrote it.
"""

import hashlib
import logging
import shutil
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.atomic_files import atomic_path

_LOGGER = logging.getLogger(__name__)
KEPT = 2
DIGEST, FINGERPRINT = "sha256", "fingerprint"
Arrays = dict[str, NDArray[np.generic]]


@dataclass
class Checkpoints:
    """The checkpoints of one training.

    Attributes:
        folder: Where they lie; made when the first is saved.
        fingerprint: Of the parameters, inputs and code that they belong to.
        damaged: Names of those that could not be read.
    """

    folder: Path
    fingerprint: str
    damaged: list[str] = field(default_factory=list)

    def save(self, step: int, arrays: Arrays) -> None:
        """Write a checkpoint, and remove all but the newest two."""
        content = arrays | {FINGERPRINT: np.array(self.fingerprint)}
        content |= {DIGEST: np.array(digest_of(content))}
        path = self.folder / f"step_{step:08d}.npz"
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **content)
        for old in self._newest_first()[KEPT:]:
            old.unlink()

    def load(self) -> Arrays | None:
        """Return the newest checkpoint that is whole and belongs here; none if there is none.

        What is damaged or belongs to another training is removed.
        """
        for path in self._newest_first():
            try:
                arrays = read_checkpoint(path)
            except ValueError as error:
                _LOGGER.warning("%s It is removed; the one before serves, if there is one.", error)
                self.damaged.append(path.name)
                path.unlink()
                continue
            if str(arrays[FINGERPRINT]) == self.fingerprint:
                return arrays
            path.unlink()
        return None

    def clear(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob("step_*.npz"), reverse=True)


def read_checkpoint(path: Path) -> Arrays:
    """Read a checkpoint; a ValueError if it is cut short or damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as a checkpoint ({error}).") from error
    found = str(arrays.pop(DIGEST, ""))
    if FINGERPRINT not in arrays or found != digest_of(arrays):
        raise ValueError(f"{path} is damaged: its SHA-256 is not that of its content.")
    return arrays


def digest_of(arrays: Arrays) -> str:
    """Return the SHA-256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()
