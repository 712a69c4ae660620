"""PtychoPINN's NPZ: normalised amplitudes, and positions of the probe in object pixels.

`diffraction` is an amplitude of any scale; the older `diff3d` is an intensity. Some files store
(H, W, J). `bad_pixels` (true is bad) is Ptychodus'. The photons that belong to the scale are in no
field.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.archive import array, read_arrays
from tasks.ingest.file_options import FileOptions, MaskSense, Moves, Values
from tasks.ingest.file_scan import FileMask, FilePositions, FileScan, columns, probe_modes_of
from tasks.ingest.files.patterns import Axes, array_patterns
from tasks.ingest.files.product import X

AMPLITUDES, INTENSITIES = "diffraction", "diff3d"


def takes_any(_path: Path, _options: FileOptions) -> bool:
    """Take any archive without a layout: `read` says what is missing."""
    return True


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what an NPZ of PtychoPINN states of a scan; refuse one without positions."""
    arrays = read_arrays(path, options.unpacked_limit_gib)
    if X in arrays:
        raise ValueError(
            f"{path} is a product without patterns. Name the file of the diffraction patterns, and "
            f"this one by --product.file."
        )
    if "xcoords" not in arrays:
        raise ValueError(
            f"{path} is no NPZ of PtychoPINN: it has no xcoords and ycoords, but "
            f"{', '.join(sorted(arrays))}. Say which array is what in a YAML, with --layout.file."
        )
    name = INTENSITIES if AMPLITUDES not in arrays and INTENSITIES in arrays else AMPLITUDES
    values = array(arrays, name, path, "diffraction patterns")
    y, x = (array(arrays, f"{axis}coords", path, "positions") for axis in "yx")
    probe, bad = arrays.get("probeGuess"), arrays.get("bad_pixels")
    return FileScan(
        patterns=array_patterns(values, _axes(values, np.asarray(x).size, path)),
        positions=FilePositions(columns(y, x), "px", Moves.PROBE, are_apart=True),
        values=Values.INTENSITY if name == INTENSITIES else Values.AMPLITUDE,
        # Ptychodus fills what its detector did not measure.
        mask=None if bad is None else FileMask.of(bad, MaskSense.ZERO_IS_GOOD),
        probe_modes=None if probe is None else probe_modes_of(np.asarray(probe), "probeGuess"),
        origins={"patterns": name, "positions": "xcoords, ycoords", "probe": "probeGuess"},
    )


def _axes(values: NDArray[Any], n_positions: int, path: Path) -> Axes:
    """Return how the patterns lie, as the number of positions and square patterns tell."""
    if values.ndim != 3:
        raise ValueError(
            f"{path} has patterns of shape {values.shape}, expected (J, N, N) or (N, N, J) for "
            f"{n_positions} positions. Save it again."
        )
    first, rows, last = values.shape
    return "yxn" if last == n_positions != first and first == rows else "nyx"
