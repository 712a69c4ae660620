"""Patterns in the pages of a TIFF, read some at a time."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.ingest.files.patterns import Patterns

SUFFIXES = (".tif", ".tiff")
PAGES = "pages"


def is_tiff(path: Path) -> bool:
    """Tell from its name whether a file is a TIFF."""
    return path.suffix.lower() in SUFFIXES


def tiff_patterns(path: Path) -> Patterns:
    """Return the pages of a TIFF as patterns (J, H, W), in their order.

    ValueError if the file is no TIFF, has a single page or colours, or its pages differ in size.
    """
    shapes, dtype = _look(path)
    if len(set(shapes)) != 1 or len(shapes[0]) not in (2, 3):
        raise ValueError(
            f"{path} has pages of {sorted(set(shapes))}, expected grey ones of one size. Save the "
            f"patterns alone."
        )
    if len(shapes[0]) == 3:  # one page of several planes
        count, height, width = shapes[0]
        if len(shapes) > 1 or width <= 4:
            raise ValueError(f"{path} has pages of {shapes[0]}, expected grey ones (H, W).")
    else:
        count, (height, width) = len(shapes), shapes[0]
    if count < 2:
        raise ValueError(
            f"{path} holds one pattern alone. Name the folder if it holds one TIFF for each "
            f"pattern, or save all patterns of the scan as pages of one TIFF."
        )

    def read(start: int, stop: int) -> NDArray[Any]:
        return read_pages(path, range(start, stop))

    return Patterns((count, height, width), dtype, read)


def page_of(path: Path) -> tuple[tuple[int, int], np.dtype[Any]]:
    """Return rows and columns (H, W) of a TIFF with one grey page, and its type."""
    shapes, dtype = _look(path)
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ValueError(
            f"{path} has pages of {shapes[:3]}, expected a single grey one (H, W). Name the file "
            f"itself if it holds all patterns, or a folder with one TIFF for each pattern."
        )
    return (shapes[0][0], shapes[0][1]), dtype


def read_pages(path: Path, pages: range | None = None) -> NDArray[Any]:
    """Return some pages of a TIFF, shape (any, H, W); none named: all."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) == 1 and len(file.pages[0].shape) == 3:
                values = file.pages[0].asarray()
                return np.asarray(values if pages is None else values[pages.start : pages.stop])
            wanted = range(len(file.pages)) if pages is None else pages
            return np.stack([file.pages[page].asarray() for page in wanted])
    except Exception as error:  # whatever tifffile raises at a damaged file
        raise _not_read(path, error) from error


def _look(path: Path) -> tuple[list[tuple[int, ...]], np.dtype[Any]]:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            shapes = [tuple(page.shape) for page in file.pages]
            dtype = file.pages[0].dtype
    except Exception as error:  # whatever tifffile raises at a damaged file
        raise _not_read(path, error) from error
    if not shapes or dtype is None:
        raise ValueError(f"{path} is a TIFF without pages. Save the patterns again.")
    return shapes, np.dtype(dtype)


def _not_read(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path} cannot be read as a TIFF ({error or type(error).__name__}). It is damaged or of "
        f"another kind: copy it again from its source."
    )
