"""Dark frames of a scan: given beside it, or stored in its own file."""

from dataclasses import dataclass

import numpy as np

from tasks.core import Real64
from tasks.core.files.archive import read_named_array
from tasks.ingest.params import PatternParams
from tasks.ingest.resolved_scan import ResolvedScan


@dataclass(frozen=True)
class DarkFrame:
    """The mean dark frame of a detector as its patterns are stored, shape (H, W)."""

    values: Real64
    where: str
    is_own: bool


def read_dark(scan: ResolvedScan, asked: PatternParams) -> DarkFrame | None:
    """Return the dark frame that is given, else that of the scan's own file; None: there is none.

    Of a stack of frames it is the mean. ValueError if it is not of the shape of the patterns.
    """
    if asked.dark.file is not None:
        stored = read_named_array(asked.dark.file, asked.dark.dataset, "dark")
        where = f"The dark frame {asked.dark.file}"
    elif scan.dark is not None:
        stored, where = scan.dark, "The dark frame of the scan's file"
    else:
        return None
    shape = scan.patterns.shape[1:]
    values = stored.astype(np.float64)
    if values.ndim > 2 and values.shape[-2:] == shape:
        values = values.reshape(-1, *shape).mean(axis=0)
    if values.shape != shape:
        raise ValueError(
            f"{where} has the shape {stored.shape}, the patterns {shape}. Give the dark frame of "
            f"this detector (H, W), or a stack of them, as the patterns are stored: "
            f"--patterns.dark.file."
        )
    return DarkFrame(values, where, is_own=asked.dark.file is None)
