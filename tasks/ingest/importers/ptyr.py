"""The probe of a PtyPy reconstruction (.ptyr), as the first guess for its scan."""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.ingest.file_scan import probe_modes_of
from tasks.ingest.files.hdf5 import open_foreign_hdf5, whole


def read_ptyr_probe(path: Path | None) -> NDArray[np.complexfloating] | None:
    """Return the first probe of a .ptyr as modes, shape (M, N, N); none without a file.

    Raises:
        ValueError: If there is a file, but no probe in it.
    """
    if path is None:
        return None
    with open_foreign_hdf5(path) as file:
        probes = file.get("content/probe")
        storages = sorted(probes) if isinstance(probes, h5py.Group) else []
        for name in storages:
            if "data" in probes[name]:
                return probe_modes_of(whole(probes[name]["data"]), f"{path}: content/probe/{name}")
    raise ValueError(
        f"{path} has no probe under content/probe/<ID>/data. Name a .ptyr of PtyPy as "
        f"--product.file, or leave it out."
    )
