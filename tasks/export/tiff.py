"""TIFF as ImageJ and Fiji read it: amplitude and phase, 32-bit floats, with the pixel size."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from tasks.core.files.atomic_files import atomic_path
from tasks.export import Exported, parts_of

UM_PER_M = 1e6


def write(exported: Exported, folder: Path) -> list[Path]:
    """Write `<name>_amplitude.tif` and `<name>_phase.tif` [rad].

    Where the geometry is not known, the unit of length is the pixel.
    """
    pixel_m, paths = exported.pixel_m, []
    per_unit = 1.0 if pixel_m is None else 1 / (pixel_m * UM_PER_M)
    metadata: dict[str, Any] = {"axes": "YX", "unit": "pixel" if pixel_m is None else "um"}
    row, column = exported.window.origin_px
    metadata |= {"origin_row_px": row, "origin_column_px": column}
    for name, image in parts_of(exported.window.object_).items():
        path = folder / f"{exported.name}_{name}.tif"
        with atomic_path(path) as temporary:
            tifffile.imwrite(
                temporary,
                image.astype(np.float32),
                imagej=True,
                resolution=(per_unit, per_unit),
                metadata=metadata,
            )
        paths.append(path)
    return paths
