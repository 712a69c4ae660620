"""MATLAB's .mat: version 7.3 is HDF5 whose axes are the other way round, older ones SciPy reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUFFIX = ".mat"
START_OF_7_3 = b"MATLAB 7.3"


def is_matlab_hdf5(path: Path) -> bool:
    """Tell whether MATLAB wrote an HDF5 file: it has MATLAB's text in front."""
    with path.open("rb") as stream:
        return stream.read(len(START_OF_7_3)) == START_OF_7_3


def matlab_shapes(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and class of the variables of a .mat before 7.3; ValueError if it is none."""
    from scipy.io import whosmat

    try:
        return {name: (shape, kind) for name, shape, kind in whosmat(path)}
    except Exception as error:  # whatever SciPy raises at a damaged file
        raise _not_matlab(path, error) from error


def read_matlab(path: Path, names: list[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return numbers of a .mat before 7.3 as arrays, those of a structure by `structure/field`.

    Args:
        path: The file.
        names: Variables to read; None: all of them.

    Raises:
        ValueError: If it cannot be read.
    """
    from scipy.io import loadmat

    try:
        held = loadmat(path, variable_names=names, simplify_cells=True)
    except Exception as error:  # whatever SciPy raises at a damaged file
        raise _not_matlab(path, error) from error
    arrays: dict[str, NDArray[Any]] = {}
    _collect(held, "", arrays)
    return arrays


def _collect(held: Mapping[str, Any], prefix: str, arrays: dict[str, NDArray[Any]]) -> None:
    for key, value in held.items():
        if key.startswith("__"):
            continue
        if isinstance(value, Mapping):
            _collect(value, f"{prefix}{key}/", arrays)
            continue
        array = np.asarray(value)
        if array.dtype.kind in "biufc":
            arrays[f"{prefix}{key}"] = array


def _not_matlab(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path} cannot be read as a MATLAB file ({error}). It is damaged or of another kind: "
        f"copy it again, or save it again with save -v7.3."
    )
