"""Opening a measured scan: which format it has, and that it stays in its folder."""

from pathlib import Path

import h5py

from tasks.core.files.named_files import path_below
from tasks.ingest.files.archive import is_archive
from tasks.ingest.files.hdf5 import open_foreign_hdf5, refuse_links_out
from tasks.ingest.importers import IMPORTERS
from tasks.ingest.params import AUTO, IngestParams
from tasks.ingest.resolved_scan import ResolvedScan, resolve


def open_scan(path: Path, params: IngestParams) -> ResolvedScan:
    """Open a measured scan; its patterns are read when they are asked for.

    Args:
        path: The file.
        params: What the file does not say, and what shall be taken instead of what it says.

    Returns:
        The scan, everything that is needed stated.

    Raises:
        ValueError: If the file cannot be read or leads out of the data root, is of no format that
            is known, or neither it nor the parameters say what is needed.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not there. Give the path of a file.")
    root = path.resolve().parent if params.data_root is None else params.data_root.resolve()
    for given in (path, params.product.file, params.layout.file):
        _refuse_outside(given, params.data_root)
        if given is not None and h5py.is_hdf5(given):
            refuse_links_out(given, root)
    name = recognise(path, params) if params.format == AUTO else params.format
    return resolve(IMPORTERS[name].read(path, params), params, name)


def recognise(path: Path, params: IngestParams) -> str:
    """Return the name of a file's format, from its content.

    Raises:
        ValueError: If it is of none.
    """
    if is_archive(path):
        return next(name for name, one in IMPORTERS.items() if one.takes_archive(path, params))
    with open_foreign_hdf5(path) as file:
        for name, importer in IMPORTERS.items():
            if importer.recognises(file):
                return name
        top = ", ".join(sorted(file)) or "nothing"
    raise ValueError(
        f"{path} is HDF5, but of no format that is known here; its top level holds: {top}. Name "
        f"its --format ({', '.join(IMPORTERS)}), or save its arrays as .npz with a --layout.file."
    )


def _refuse_outside(path: Path | None, data_root: Path | None) -> None:
    """Refuse a file outside the data root, where one is named; links are followed first."""
    if path is None or data_root is None:
        return
    if path_below(data_root, path.resolve()) is None:
        raise ValueError(f"{path} lies outside the data root {data_root}. Name a file below it.")
