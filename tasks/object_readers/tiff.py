"""A pair of TIFF images, `X_amplitude.tif` and `X_phase.tif` [rad], as `tasks.export` writes them.

Either file names the pair. The side of a pixel is ImageJ's, where its unit of length is known.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.object_readers.stored_object import StoredObject, one_plane, pixel_side

SUFFIXES = (".tif", ".tiff")
AMPLITUDE, PHASE = "_amplitude", "_phase"
METRES = {"um": 1e-6, "µm": 1e-6, "\\u00B5m": 1e-6, "micron": 1e-6, "nm": 1e-9, "mm": 1e-3}
LARGEST_PX = 2**27
ORIGINS = ("origin_row_px", "origin_column_px")


def takes(path: Path) -> bool:
    """Tell from its name whether a file is a TIFF."""
    return path.suffix.lower() in SUFFIXES


def read(path: Path) -> StoredObject:
    """Read both images of a pair; ValueError if one is missing or they differ in shape."""
    paths = _pair(path)
    (amplitude, facts), (phase, _) = (_image(one) for one in paths)
    if amplitude.shape != phase.shape:
        raise ValueError(
            f"{paths[0].name} is {amplitude.shape} px and {paths[1].name} {phase.shape} px. Export "
            f"both again, of one object."
        )
    object_ = one_plane(amplitude * np.exp(1j * phase.astype(np.float64)), path.name)
    pixel_m, origin = facts
    return StoredObject(object_, pixel_m, origin)


def name_of(path: Path) -> str:
    """Return what a pair is called: the name of either file without its ending."""
    return path.stem.removesuffix(AMPLITUDE).removesuffix(PHASE)


def _pair(path: Path) -> tuple[Path, Path]:
    """Return the files of amplitude and phase."""
    name = name_of(path)
    pair = tuple(path.with_name(f"{name}{part}{path.suffix}") for part in (AMPLITUDE, PHASE))
    missing = [one.name for one in pair if not one.is_file()]
    if missing:
        raise ValueError(
            f"{path.name} is no pair of amplitude and phase: {' and '.join(missing)} is missing. A "
            f"TIFF holds real numbers: put X_amplitude.tif and X_phase.tif [rad] side by side."
        )
    return pair[0], pair[1]


def _image(path: Path) -> tuple[NDArray[Any], tuple[float | None, tuple[float, float] | None]]:
    """Return the only image of a file, its pixel [m] and its place."""
    import tifffile

    values = None
    try:
        with tifffile.TiffFile(path) as file:
            page, n_pages = file.pages.first, len(file.pages)
            shape = page.shape
            if n_pages == 1 and np.prod(shape, dtype=np.float64) <= LARGEST_PX:
                values = page.asarray()
            facts = dict(file.imagej_metadata or {})
            resolution = page.tags.get("XResolution")
    except Exception as error:  # whatever tifffile raises at a damaged file
        raise ValueError(f"{path} cannot be read as TIFF ({error}). Export it again.") from error
    if values is None:
        raise ValueError(
            f"{path.name} has {n_pages} pages, the first of {shape} px. Save one image of at most "
            f"{LARGEST_PX} px."
        )
    unit = METRES.get(str(facts.get("unit", "")))
    pixel_m = None
    if unit is not None and resolution is not None and resolution.value[0]:
        count, length = resolution.value
        pixel_m = pixel_side([unit * length / count], path.name)
    place = tuple(float(facts[name]) for name in ORIGINS if name in facts)
    return values, (pixel_m, (place[0], place[1]) if len(place) == 2 else None)
