"""What a solver leaves beside its object, HDF5: the illumination, and one object an epoch.

From the objects the comparison draws the curve of convergence; the solver never sees the truth.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
from numpy.typing import NDArray

from tasks.core.files.atomic_files import atomic_path, open_hdf5
from tasks.core.files.object_file import ObjectWindow


@dataclass(frozen=True)
class Illumination:
    """A probe, and where it went.

    Attributes:
        probe_modes: Incoherent modes [sqrt(photons)], shape (M, N, N), the strongest first.
        positions_px: Positions (y, x) of every exposure [px], shape (J, 2).
        facts: How they were found, as JSON.
    """

    probe_modes: NDArray[np.complex128]
    positions_px: NDArray[np.float64]
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
    """Read an illumination.

    Raises:
        ValueError: If the file is missing, cut short or holds none.
    """
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
    """Yield what saves the object after so many epochs, as it comes; whole or not at all.

    Windows of another shape or place than the first raise ValueError.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        epochs: list[int] = []

        def save(epoch: int, window: ObjectWindow) -> None:
            shape = window.object_.shape
            if not epochs:
                file.create_dataset(
                    "objects",
                    shape=(0, *shape),
                    maxshape=(None, *shape),
                    chunks=(1, *shape),
                    dtype=np.complex64,
                    compression="gzip",
                    compression_opts=1,
                    shuffle=True,
                )
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
    """Yield finished passes over all patterns, rising from 0, and the object after each.

    Raises:
        ValueError: If the file is missing, cut short or holds no iterates.
    """
    with open_hdf5(path) as file:
        row, column = (int(value) for value in file.attrs["origin_px"])
        for index, epoch in enumerate(file.attrs["epochs"]):
            yield int(epoch), ObjectWindow(file["objects"][index], (row, column))
