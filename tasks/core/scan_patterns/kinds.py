"""The kinds of scans. A new one is one new file and one line of `SCAN_PATTERNS`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.core.scan_patterns.area import ScanArea, ScanKnobs
from tasks.core.scan_patterns.concentric import concentric
from tasks.core.scan_patterns.fermat import fermat
from tasks.core.scan_patterns.from_file import positions_from_file
from tasks.core.scan_patterns.random_positions import random_positions
from tasks.core.scan_patterns.raster import raster

ScanMaker = Callable[[ScanArea, np.random.Generator, ScanKnobs], NDArray[np.float64]]
FILE_KIND = "file"

SCAN_PATTERNS: dict[str, ScanMaker] = {
    "raster": raster,
    "fermat": fermat,
    "concentric": concentric,
    "random": random_positions,
    FILE_KIND: positions_from_file,
}
