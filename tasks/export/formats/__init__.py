"""Formats of exports. A new one is one new file and one line of `FORMATS`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.core.files.named_files import catalogue
from tasks.export import Exported
from tasks.export.formats import cxi, png, ptychodus, ptyr, tiff


@dataclass(frozen=True)
class ExportFormat:
    """One format: how it is written into a folder, as which files; and what it is, for the help."""

    write: Callable[[Exported, Path], list[Path]]
    says: str


FORMATS = catalogue(
    "format",
    ("cxi", ExportFormat(cxi.write, "CXI 1.6: the object as image_1, with probe and positions")),
    ("ptychodus", ExportFormat(ptychodus.write, "product HDF5 of Ptychodus")),
    ("ptyr", ExportFormat(ptyr.write, "HDF5 laid out like PtyPy's .ptyr")),
    ("tiff", ExportFormat(tiff.write, "amplitude and phase, 32-bit floats with the pixel size")),
    ("png", ExportFormat(png.write, "amplitude and phase, 8 bits, to look at")),
)
