"""How a scan names the true object below it, without revealing it.

It is the object in the box of the scan alone, so that the file of the training scan does not depend
on the object of the test scan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow, object_sha256
from tasks.core.geometry.scan_box import Box, scan_box

SHA256, BOX = "truth_sha256", "truth_box_px"


@dataclass(frozen=True)
class TruthFingerprint:
    """What tells one true object from another.

    Attributes:
        box: Part of the object's frame that is meant.
        sha256: Of the object there.
    """

    box: Box
    sha256: str

    @classmethod
    def of(cls, window: ObjectWindow, box: Box) -> "TruthFingerprint":
        """Return the fingerprint of an object in a box."""
        part = ObjectWindow(window.cut(box.corner_px, box.shape), box.corner_px)
        return cls(box, object_sha256(part))

    @classmethod
    def below(
        cls, object_: NDArray[np.complexfloating], positions_px: NDArray[np.floating], n_px: int
    ) -> "TruthFingerprint":
        """Return the fingerprint of a sample in the box of a scan.

        Args:
            object_: Sample, shape (H, W).
            positions_px: Positions (y, x) of the scan [px], shape (J, 2).
            n_px: Side of a patch [px].
        """
        return cls.of(ObjectWindow(object_, (0, 0)), scan_box(positions_px, n_px))

    @classmethod
    def named_by(cls, provenance: Mapping[str, Any]) -> "TruthFingerprint | None":
        """Return what a scan's provenance names; None for scans of other programs."""
        if SHA256 not in provenance or BOX not in provenance:
            return None
        top, left, height, width = provenance[BOX]
        return cls(Box((top, left), (height, width)), str(provenance[SHA256]))

    @property
    def as_json(self) -> dict[str, Any]:
        """The entries of a scan's provenance."""
        return {BOX: [*self.box.corner_px, *self.box.shape], SHA256: self.sha256}
