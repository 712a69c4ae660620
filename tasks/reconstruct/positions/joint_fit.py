"""Object and probe of a scan by pty-chi, at positions that are moved between its epochs."""

from dataclasses import replace

import numpy as np
import torch

from tasks.core import Real64
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Scan
from tasks.core.geometry.patches import scan_box
from tasks.core.physics.forward import back_propagate, propagate
from tasks.core.physics.probe import coherent_probe
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.positions.pattern_fit import Estimate
from tasks.reconstruct.probe_refinement import joint_task
from tasks.reconstruct.ptychi_solver import object_of, run_epoch
from tasks.reconstruct.ptychi_solver_task import MARGIN_PX
from tasks.reconstruct.scan_checks import mean_transmission

LIGHT_FRACTION = 0.98
LEAST_SIDE_PX, SIDE_STEP_PX = 48, 8


class JointFit:
    """LSQML with Gaussian statistics from a flat object; the probe is free from the second epoch.

    Positions (J, 2) are those of the scan's frame [px], and kept on a canvas that reaches
    `reach_px` beyond the box of the scan.
    """

    def __init__(
        self, scan: Scan, reach_px: float, batch_size: int, seed: int, torch_device: str
    ) -> None:
        """Begin at the positions of a scan."""
        box, reach = scan_box(scan.positions_px, scan.n_px), int(np.ceil(reach_px))
        shape = (box.shape[0] + 2 * reach, box.shape[1] + 2 * reach)
        flat = np.full(shape, np.sqrt(mean_transmission(scan)), dtype=np.complex64)
        corner = (box.corner_px[0] - reach, box.corner_px[1] - reach)
        window = ObjectWindow(flat, corner)
        params = PtyChiParams(plain=True, n_epochs=1, batch_size=batch_size)
        self._task = joint_task(scan, window, params, seed, torch_device)
        self._origin = np.asarray(corner, dtype=np.float64) - MARGIN_PX
        self._n_px = scan.n_px
        self._first, self._last = scan.positions_px.min(0) - reach, scan.positions_px.max(0) + reach
        self.positions_px = scan.positions_px

    def run(self, n_epochs: int) -> float:
        """Run some epochs; return the loss of the last."""
        return [run_epoch(self._task) for _ in range(n_epochs)][-1]

    def estimate(self) -> Estimate:
        """Return object and modes as they are."""
        modes = self._task.get_data_to_cpu("probe", as_numpy=True)[0] * self._n_px
        return Estimate(object_of(self._task), self._origin, modes.astype(np.complex64))

    def move(self, positions_px: Real64) -> None:
        """Go on at other positions."""
        self.positions_px = np.clip(positions_px, self._first, self._last)
        inside = (self.positions_px - self._origin).astype(np.float32)
        with torch.no_grad():
            self._task.probe_positions.set_data(torch.from_numpy(inside))

    def replace_object(self, estimate: Estimate) -> None:
        """Go on from another object on the same canvas."""
        with torch.no_grad():
            self._task.object.set_data(torch.from_numpy(estimate.object_)[None])


def side_of_light(scan: Scan) -> int:
    """Return the side of the least detector, of 48 px or more, that holds 98 % of the photons."""
    light = scan.diffraction_counts.mean(axis=0) * scan.good_pixels
    for side in range(LEAST_SIDE_PX, scan.n_px, SIDE_STEP_PX):
        start = (scan.n_px - side) // 2
        inner = light[start : start + side, start : start + side]
        if inner.sum() >= LIGHT_FRACTION * light.sum():
            return side
    return scan.n_px


def cropped(scan: Scan, n_px: int) -> Scan:
    """Return a scan as a smaller detector sees it, (n_px, n_px) around the zero frequency.

    Object pixels grow, so positions in pixels shrink. The probe keeps what falls on the detector.
    """
    side = scan.n_px
    if n_px == side:
        return scan
    start = (side - n_px) // 2
    kept = (Ellipsis, slice(start, start + n_px), slice(start, start + n_px))
    modes = back_propagate(propagate(scan.probe_modes)[kept]).astype(np.complex128)
    return replace(
        scan,
        diffraction_counts=scan.diffraction_counts[kept],
        positions_px=scan.positions_px * (n_px / side),
        probe=coherent_probe(modes),
        modes=modes if len(modes) > 1 else None,
        pixel_mask=None if scan.pixel_mask is None else scan.pixel_mask[kept],
    )
