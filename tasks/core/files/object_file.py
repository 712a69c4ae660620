"""Objects on disk, true ones and reconstructed ones: HDF5, each in its own file.

A solver leaves two files more: the illumination, and one object an epoch, from which the comparison
draws the curve of convergence; the solver never sees the truth.

A scan names the true object below it by a fingerprint, which does not reveal it. It is that of the
object in the box of the scan alone, so that the file of the training scan does not depend on the
object of the test scan.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson

from tasks.core import Complex, Complex128, Real64
from tasks.core.files.atomic_files import atomic_path, open_hdf5
from tasks.core.geometry.patches import Window

SHA256, BOX = "truth_sha256", "truth_box_px"
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


@dataclass(frozen=True)
class ObjectWindow:
    """A part of the object's frame: its transmission, shape (H, W), and what made it, as JSON.

    Attributes:
        origin_px: Row and column of its pixel [0, 0] in the frame of the object.
    """

    object_: Complex
    origin_px: tuple[int, int]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def window(self) -> Window:
        """Where it lies."""
        height, width = self.object_.shape
        return Window(self.origin_px, (height, width))

    def cut(self, window: Window) -> Complex128:
        """Return another part of the same frame, a copy; what is not held here is NaN."""
        part = np.full(window.shape, np.nan + 1j * np.nan)
        top, left = (a - b for a, b in zip(window.corner_px, self.origin_px, strict=True))
        height, width = self.object_.shape
        rows = slice(max(0, top), max(0, min(height, top + window.shape[0])))
        columns = slice(max(0, left), max(0, min(width, left + window.shape[1])))
        values = self.object_[rows, columns]
        row, column = max(0, -top), max(0, -left)
        part[row : row + values.shape[0], column : column + values.shape[1]] = values
        return part


def write_object(path: Path, window: ObjectWindow) -> None:
    """Write an object, compressed without loss, whole or not at all."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        dataset = file.create_dataset("object", data=window.object_, **PACKED)
        dataset.attrs["origin_px"] = np.asarray(window.origin_px, dtype=np.int64)
        dataset.attrs["axes"] = "y, x"
        file.attrs["facts"] = orjson.dumps(window.facts, option=orjson.OPT_SORT_KEYS).decode()


def read_object(path: Path) -> ObjectWindow:
    """Read an object; ValueError if the file is missing, cut short or holds none."""
    with open_hdf5(path) as file:
        dataset = file["object"]
        row, column = (int(value) for value in dataset.attrs["origin_px"])
        return ObjectWindow(dataset[()], (row, column), orjson.loads(file.attrs["facts"]))


def object_sha256(window: ObjectWindow) -> str:
    """Return a fingerprint of an object's values, in double precision, and of its place."""
    place = f"{window.origin_px} {window.object_.shape}".encode()
    values = np.ascontiguousarray(window.object_, dtype=np.complex128)
    return hashlib.sha256(place + values.tobytes()).hexdigest()


@dataclass(frozen=True)
class TruthFingerprint:
    """What tells one true object from another: a box in its frame, and the SHA-256 there."""

    box: Window
    sha256: str

    @classmethod
    def of(cls, window: ObjectWindow, box: Window) -> "TruthFingerprint":
        """Return the fingerprint of an object in a box."""
        part = ObjectWindow(window.cut(box), box.corner_px)
        return cls(box, object_sha256(part))

    @classmethod
    def named_by(cls, provenance: Mapping[str, Any]) -> "TruthFingerprint | None":
        """Return what a scan's provenance names; None for scans of other programs."""
        if SHA256 not in provenance or BOX not in provenance:
            return None
        top, left, height, width = provenance[BOX]
        return cls(Window((top, left), (height, width)), str(provenance[SHA256]))

    @property
    def as_json(self) -> dict[str, Any]:
        """The entries of a scan's provenance."""
        return {BOX: [*self.box.corner_px, *self.box.shape], SHA256: self.sha256}


@dataclass(frozen=True)
class Illumination:
    """A probe, where it went, and how that was found, as JSON.

    Attributes:
        probe_modes: Incoherent modes [sqrt(photons)], shape (M, N, N), the strongest first.
        positions_px: Positions (y, x) of every exposure [px], shape (J, 2).
    """

    probe_modes: Complex128
    positions_px: Real64
    facts: dict[str, Any] = field(default_factory=dict)


def write_illumination(path: Path, light: Illumination) -> None:
    """Write an illumination without loss, whole or not at all."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file["probe_modes"] = light.probe_modes
        file["probe_modes"].attrs["units"] = "sqrt(photons)"
        file["positions_px"] = light.positions_px
        file["positions_px"].attrs["axes"] = "y, x"
        file.attrs["facts"] = orjson.dumps(light.facts, option=orjson.OPT_SORT_KEYS).decode()


def read_illumination(path: Path) -> Illumination:
    """Read an illumination; ValueError if the file is missing, cut short or holds none."""
    with open_hdf5(path) as file:
        return Illumination(
            probe_modes=file["probe_modes"][()].astype(np.complex128),
            positions_px=file["positions_px"][()].astype(np.float64),
            facts=orjson.loads(file.attrs["facts"]),
        )


SaveIterate = Callable[[int, ObjectWindow], None]


def epochs_to_keep(n_epochs: int) -> tuple[int, ...]:
    """Return the epochs whose objects are kept: the start, two an octave, the end.

    Half and three quarters of the epochs are always among them: from these and the end follows
    what more epochs would have gained.
    """
    spaced = np.unique(np.round(2 ** np.arange(0, np.log2(n_epochs) + 0.5, 0.5)).astype(int))
    kept = {0, n_epochs, *(int(epoch) for epoch in spaced if epoch <= n_epochs)}
    return tuple(sorted(kept | {n_epochs // 2, 3 * n_epochs // 4}))


@contextmanager
def iterates_writer(path: Path) -> Iterator[SaveIterate]:
    """Yield what saves the object, always of the same window, after so many epochs, as it comes."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        epochs: list[int] = []

        def save(epoch: int, window: ObjectWindow) -> None:
            shape = window.object_.shape
            if not epochs:
                sizes = {"shape": (0, *shape), "maxshape": (None, *shape), "chunks": (1, *shape)}
                file.create_dataset("objects", dtype=np.complex64, **sizes, **PACKED)
                file.attrs["origin_px"] = np.asarray(window.origin_px, dtype=np.int64)
            objects = file["objects"]
            origin = tuple(int(value) for value in file.attrs["origin_px"])
            if shape != objects.shape[1:] or window.origin_px != origin:
                raise ValueError(
                    f"Iterates share one window: expected {objects.shape[1:]} px from {origin}, "
                    f"got {shape} px from {window.origin_px}. Give the whole object every time."
                )
            objects.resize(len(epochs) + 1, axis=0)
            objects[-1] = window.object_
            epochs.append(epoch)

        yield save
        file.attrs["epochs"] = np.asarray(epochs, dtype=np.int64)


def read_iterates(path: Path) -> Iterator[tuple[int, ObjectWindow]]:
    """Yield finished epochs, rising from 0, and the object after each; ValueError if damaged."""
    with open_hdf5(path) as file:
        row, column = (int(value) for value in file.attrs["origin_px"])
        for index, epoch in enumerate(file.attrs["epochs"]):
            yield int(epoch), ObjectWindow(file["objects"][index], (row, column))
