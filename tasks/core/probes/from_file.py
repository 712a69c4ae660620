"""A probe that was measured or made elsewhere."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.core import Complex128
from tasks.core.files.atomic_files import open_hdf5
from tasks.core.files.named_files import Fingerprint, fingerprint_of
from tasks.core.physics.probe import unit_energy


class ProbeFileOptions(BaseModel):
    """Which file a probe comes from."""

    file: Path | None = Field(
        None, description="File: .npy or HDF5 with a complex probe, (N, N) or modes (M, N, N)"
    )
    dataset: str = Field("probe", description="File: name of the HDF5 dataset")
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("file", "The probe's file")


def probe_from_file(n_px: int, options: ProbeFileOptions) -> Complex128:
    """Read a probe (N, N), or incoherent modes of one, shape (M, N, N), the strongest first.

    Only the shape counts: the flux follows from the dose. The modes keep their shares. ValueError
    if the file cannot be read, its side is not `n_px`, or a value is not finite.
    """
    path = Path(options.file or "")
    values = _read_array(path, options.dataset)
    if values.ndim not in (2, 3) or values.shape[-2:] != (n_px, n_px) or not len(values):
        raise ValueError(
            f"Expected a probe of {n_px} x {n_px} px or modes (M, {n_px}, {n_px}) in {path}, got "
            f"the shape {values.shape}. Crop or pad it in its plane, or set n_px."
        )
    if not (np.issubdtype(values.dtype, np.number) and np.all(np.isfinite(values))):
        raise ValueError(
            f"The probe in {path} has values that are not finite numbers. Repair them, or save "
            f"the probe again as a complex array."
        )
    if not np.any(values):
        raise ValueError(f"The probe in {path} is zero everywhere. Save one that holds light.")
    probe = unit_energy(values.astype(np.complex128))
    if probe.ndim == 2:
        return probe
    return probe[np.argsort(-np.sum(np.abs(probe) ** 2, axis=(1, 2)), kind="stable")]


def _read_array(path: Path, dataset: str) -> NDArray[np.generic]:
    """Read one array from .npy (never pickled) or HDF5."""
    if path.suffix == ".npy":
        try:
            return np.asarray(np.load(path, allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(
                f"{path} cannot be read as a NumPy array ({error}). Save it with np.save."
            ) from error
    with open_hdf5(path) as file:
        if dataset not in file:
            raise ValueError(
                f"{path} has no dataset {dataset!r}; its top level holds: "
                f"{', '.join(sorted(file)) or 'nothing'}. Name the right one in `dataset`."
            )
        return np.asarray(file[dataset][()])
