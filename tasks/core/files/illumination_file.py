"""What a refinement found of the illumination: probe modes and positions, HDF5."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
from numpy.typing import NDArray

from tasks.core.files.atomic_files import atomic_path, open_hdf5


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
