"""TIFF: the patterns are its pages, in the order of the scan; the positions are in another file.

A folder of TIFFs has one page in each file, in the order of the numbers in their names. Pages are
intensities with the zero frequency in the middle, unless an option says otherwise.
"""

from pathlib import Path

from tasks.ingest.file_options import FileOptions
from tasks.ingest.file_scan import FileScan
from tasks.ingest.files.tiff import PAGES, is_tiff, tiff_patterns
from tasks.ingest.files.tiff_series import tiff_series


def takes(path: Path, options: FileOptions) -> bool:
    """Tell whether a file is a TIFF without a layout, or a folder."""
    return path.is_dir() or (
        is_tiff(path) and options.layout.file is None and options.layout.name is None
    )


def read(path: Path, options: FileOptions) -> FileScan:
    """Read the patterns of a TIFF, or of the TIFFs of a folder."""
    if path.is_dir():
        series = tiff_series(path, options.data_root or path)
        return FileScan(
            series.patterns(),
            None,
            pattern_indexes=series.numbers,
            missing_numbers=series.missing,
            origins={"patterns": f"{series.files[0].name} to {series.files[-1].name}"},
        )
    return FileScan(tiff_patterns(path), None, origins={"patterns": PAGES})
