"""The file of the truth, and whether it belongs to the scan."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.compare.scores import Complex
from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.truth_fingerprint import TruthFingerprint
from tasks.core.geometry.scan_box import Box


@dataclass(frozen=True)
class Truth:
    """The true object.

    Attributes:
        window: Its values, and where they lie.
        path: Its file.
        is_checked: Whether the scan names this object as its own; a scan of another program names
            none.
    """

    window: ObjectWindow
    path: Path
    is_checked: bool

    def in_box(self, box: Box, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Complex:
        """Return the truth in a box, zero where the file holds none.

        Args:
            box: Part of the object's frame.
            mask: Pixels that must be there, of the box's shape.

        Raises:
            ValueError: If one of them is not.
        """
        part = self.window.cut(box.corner_px, box.shape)
        lost = int(np.count_nonzero(~np.isfinite(part[mask])))
        if lost:
            raise ValueError(
                f"The truth {self.path.name} does not cover {lost} of {int(mask.sum())} scored "
                f"pixels. It belongs to another scan, or is damaged: simulate again."
            )
        return np.where(np.isfinite(part), part, 0.0)


def read_truth(provenance: Mapping[str, Any], scan_path: Path, path: Path) -> Truth:
    """Read the truth of a scan, and refuse that of another one.

    Args:
        provenance: How the scan came to be; the simulation names the fingerprint of its object.
        scan_path: CXI of the scan.
        path: HDF5 of the truth.

    Returns:
        The truth.

    Raises:
        ValueError: If the fingerprints differ, or the file is no object.
    """
    window = read_object(path)
    named = TruthFingerprint.named_by(provenance)
    if named is None:
        return Truth(window, path, is_checked=False)
    found = TruthFingerprint.of(window, named.box)
    if found.sha256 != named.sha256:
        raise ValueError(
            f"The truth {path.name} belongs to another scan than {scan_path.name}: its fingerprint "
            f"in the box of the scan is {found.sha256[:12]}, the scan names {named.sha256[:12]}. "
            f"Give the truth that was simulated with this scan, or simulate both again."
        )
    return Truth(window, path, is_checked=True)
