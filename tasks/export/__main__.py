"""`python -m tasks.export`: write reconstructions for other programs.

A new format is one new file and one line of `FORMATS`.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tasks.commands import EXIT_SUCCESS, new_app, run_app, say
from tasks.core.files.named_files import catalogue
from tasks.export import Exported, cxi, png, ptychodus, ptyr, read_exported, tiff


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
ABOUT = "\n\n".join(f"{name}: {kind.says}." for name, kind in FORMATS.items())


def run(
    reconstruction: Path,
    /,
    *,
    scan: Path,
    folder: Path,
    formats: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = tuple(FORMATS),
) -> int:
    """Write a reconstruction in the formats of other programs.

    Parameters
    ----------
    reconstruction
        Object of an arm in a hub, such as data/phase_f/dose_1000/dense/test/ptychi.h5.
    scan
        CXI that it was made from, such as data/phase_c/dose_1000/test.cxi.
    folder
        Where to write; made if it is not there.
    formats
        Names of the formats; all without.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ValueError(f"There is no format {unknown[0]}. Choose from {', '.join(FORMATS)}.")
    exported = read_exported(reconstruction, scan)
    folder.mkdir(parents=True, exist_ok=True)
    for name in formats:
        for path in FORMATS[name].write(exported, folder):
            say(path.as_posix())
    return EXIT_SUCCESS


def export_app() -> App:
    """Return the command line of exports."""
    return new_app("tasks.export", run, f"Write reconstructions for other programs.\n\n{ABOUT}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 all good, 2 bad input."""
    return run_app(export_app(), sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
