"""TIFF: the patterns are its pages, in the order of the scan; the positions are in another file.

Pages are intensities with the zero frequency in the middle, unless an option says otherwise.
"""

from pathlib import Path

from tasks.ingest.file_options import FileOptions
from tasks.ingest.file_scan import FileScan
from tasks.ingest.files.tiff import PAGES, is_tiff, tiff_patterns


def takes(path: Path, options: FileOptions) -> bool:
    """Tell whether a file is a TIFF without a layout."""
    return is_tiff(path) and options.layout.file is None and options.layout.name is None


def read(path: Path, _options: FileOptions) -> FileScan:
    """Read the patterns of a TIFF."""
    return FileScan(tiff_patterns(path), None, origins={"patterns": PAGES})
