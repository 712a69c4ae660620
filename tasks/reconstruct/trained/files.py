"""The files of a reconstruction from the command line, checked before any work."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.scan_reader import ScanReader, open_view

SUFFIXES = (".h5", ".hdf5")


@dataclass(frozen=True)
class OutFiles:
    """What is written.

    Attributes:
        object_: The object (HDF5).
        picture: It as a picture (PNG), beside it.
        network: What the network alone has found (HDF5), where that is refined.
    """

    object_: Path
    picture: Path
    network: Path

    @classmethod
    def beside(cls, out: Path, *, is_refined: bool, force: bool) -> "OutFiles":
        """Return the files of a name that can be written; makes nothing.

        Raises:
            ValueError: If it is a folder, is no name of HDF5, is there already and `force` is not
                set, or its folder cannot be written to.
        """
        if out.is_dir():
            raise ValueError(
                f"--out must be a file to write, and {out} is a folder. Name a file in it, such as "
                f"{out / 'object.h5'}."
            )
        if out.suffix.lower() not in SUFFIXES:
            raise ValueError(
                f"--out must be the name of an HDF5 file, and {out.name} does not end in "
                f"{' or '.join(SUFFIXES)}. Write {out.stem or 'object'}.h5."
            )
        stem = out.with_suffix("")
        found = cls(out, stem.with_suffix(".png"), stem.with_name(f"{stem.name}_network.h5"))
        written = [found.object_, found.picture, *([found.network] if is_refined else [])]
        there = [path for path in written if path.exists()]
        if there and not force:
            raise ValueError(
                f"{there[0]} is there already. Name another file, or replace it with --force."
            )
        _refuse_unwritable(out)
        return found


def _refuse_unwritable(out: Path) -> None:
    """Refuse a file whose folder is none, or cannot be written to (ValueError)."""
    folder = next(path for path in out.absolute().parents if path.exists())
    if not folder.is_dir():
        raise ValueError(f"--out {out} lies below {folder}, which is a file. Name another file.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"--out {out} cannot be written: {folder} is not writable ({error.strerror}). Name a "
            f"file in another folder, or change its permissions."
        ) from error
    if out.exists() and not os.access(out, os.W_OK):
        raise ValueError(f"--out {out} is not writable. Change its permissions, or name another.")


def open_exposures(scan: Path, view: Path | None, scratch: Path) -> tuple[ScanReader, Path]:
    """Open the exposures of a scan (CXI) that a view (JSON) chooses, all without one.

    Returns:
        The exposures, and the file of the view: the given one, or one written to `scratch`.

    Raises:
        ValueError: If the scan is none of this project, or the view is none or of another scan.
    """
    try:
        if view is not None:
            _refuse_no_view(view)
            return open_view(scan, view), view
        reader = ScanReader(scan)
    except ValueError as error:
        if view is not None and view.name in str(error):
            raise
        raise ValueError(
            f"{error} A scan of another format or program becomes one of this project by: "
            f"python -m tasks.ingest import {scan} SCAN.cxi"
        ) from error
    path = scratch / "view.json"
    indices = list(range(len(reader)))
    write_json(path, {"view": "all", "n_exposures": len(reader), "indices": indices})
    return reader, path


def _refuse_no_view(view: Path) -> None:
    """Refuse a file that is no choice of exposures (ValueError)."""
    content = read_json(view)
    if not isinstance(content, dict) or not {"view", "n_exposures", "indices"} <= content.keys():
        raise ValueError(
            f"{view} is no view: expected JSON with view, n_exposures and indices. Name the "
            f"view.json of a hub, such as data/phase_d/dose_10000/sparse/test/view.json, or leave "
            f"--view out to use every exposure."
        )
