"""Reconstructions in the files that other programs open: an object, its light, and its scale."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.core import Complex, Complex128, Real, Real64
from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.scan_file import read_scan_header
from tasks.core.files.scan_record import Geometry


@dataclass(frozen=True)
class Exported:
    """A reconstruction, by the name of its maker, with all that other programs' files hold of it.

    Attributes:
        probe_modes: Incoherent modes of the illumination [sqrt(photons)], shape (M, N, N).
        positions_px: Positions (y, x) of the probe in the frame of the object [px], shape (J, 2).
    """

    name: str
    window: ObjectWindow
    probe_modes: Complex128
    positions_px: Real64
    geometry: Geometry

    @property
    def pixel_m(self) -> float | None:
        """Side of an object pixel [m]; None where the geometry is not known."""
        return self.stored_pixel_m if self.geometry.is_known else None

    @property
    def stored_pixel_m(self) -> float:
        """Side of an object pixel [m]; what stands in for it where the geometry is not known."""
        return self.geometry.object_pixel_m(self.probe_modes.shape[-1])


def read_exported(reconstruction: Path, scan: Path) -> Exported:
    """Read a reconstruction of a hub (HDF5) and the scan that it was made from (CXI).

    ValueError if a file is damaged, or the object is none of this scan.
    """
    window, header = read_object(reconstruction), read_scan_header(scan)
    corner = np.asarray(window.origin_px)
    inside = header.positions_px - corner
    far = np.any((inside < 0) | (inside > np.asarray(window.object_.shape)), axis=1)
    if far.any():
        raise ValueError(
            f"{int(far.sum())} of {len(header)} positions of {scan.name} lie outside the object "
            f"{reconstruction.name}, which begins at {window.origin_px} and is "
            f"{window.object_.shape} px. Name the scan that it was reconstructed from."
        )
    return Exported(
        reconstruction.stem, window, header.probe_modes, header.positions_px, header.geometry
    )


def parts_of(object_: Complex) -> dict[str, Real]:
    """Return amplitude and phase [rad] of an object, shape (H, W) each.

    The mean phase, which diffraction cannot tell, is taken out, so that a phase does not wrap
    where it need not.
    """
    total = np.nansum(object_)
    turn = np.exp(-1j * np.angle(total)) if total else 1.0
    return {"amplitude": np.abs(object_), "phase": np.angle(object_ * turn)}
