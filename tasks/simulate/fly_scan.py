"""A scan over two regions of a sample, a guard band apart, and what lights it.

Probe and scan are checked before anything is exposed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.core import Complex, Complex128, Real64
from tasks.core.files.metrics_table import MS_SSIM_MIN_PX
from tasks.core.geometry.patches import patch_corners
from tasks.core.objects import check_object, make_object
from tasks.core.physics.probe import (
    edge_energy_fraction,
    energy_diameter_px,
    full_width_half_maximum_px,
    unit_energy,
)
from tasks.core.probes import PROBES
from tasks.core.scan_patterns import scan_path
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.faults import modes_of_beam
from tasks.simulate.params import SimulationParams

EDGE_ENERGY_LIMIT = 0.01


def make_probe(params: SimulationParams) -> Complex128:
    """Return the strongest mode of the probe, of unit energy, shape (N, N).

    It is the same to the last bit whatever the coherence, and refused as `make_probe_modes` does.
    """
    modes = make_probe_modes(params)
    probe = PROBES[params.probe.kind].make(params.probe.n_px, params.probe)
    return probe if probe.ndim == 2 else unit_energy(modes[0])


def make_probe_modes(params: SimulationParams) -> Complex128:
    """Return the incoherent modes of the probe, of unit energy in all, (M, N, N), strongest first.

    ValueError if the array cuts off more than 1 % of the energy, or modes are asked for where the
    file of the probe has its own.
    """
    options = params.probe
    kind = PROBES[options.kind]
    probe = kind.make(options.n_px, options)
    modes = modes_of_beam(params.instrument, probe if probe.ndim == 3 else probe[None])
    lost = edge_energy_fraction(modes)
    if lost > EDGE_ENERGY_LIMIT:
        raise ValueError(
            f"The probe does not fit its array of {options.n_px} px: {lost:.1%} of its energy lies "
            f"within 2 px of the edge, at most {EDGE_ENERGY_LIMIT:.0%} is allowed. "
            f"{kind.how_to_shrink.format_map(dict(options))} or raise n_px."
        )
    return modes


def probe_facts(probe: Complex, modes: Complex) -> dict[str, Any]:
    """Return diameters and the energy at the edge; of several modes their shares of the energy.

    The diameters are those of the strongest mode, `probe`, (N, N), of all `modes`, (M, N, N), and
    the step of the scan follows them, so that positions do not depend on the coherence.
    """
    facts: dict[str, Any] = {
        "probe_diameter_px": energy_diameter_px(probe),
        "probe_full_width_half_maximum_px": full_width_half_maximum_px(probe),
        "probe_edge_energy_fraction": edge_energy_fraction(modes),
    }
    if len(modes) > 1:
        energies = np.sum(np.abs(modes) ** 2, axis=(1, 2))
        facts["all_modes_diameter_px"] = energy_diameter_px(modes)
        facts["mode_occupations"] = (energies / energies.sum()).tolist()
    return facts


LARGEST_FRAME_PX = 2**28


@dataclass(frozen=True)
class ScanLayout:
    """Positions (y, x) [px] of both scans on an object of a shape, `guard_px` free rows apart."""

    positions_px: dict[Split, Real64]
    shape: tuple[int, int]
    guard_px: int
    test_row_px: int


def lay_out_scans(params: SimulationParams, probe_diameter_px: float) -> ScanLayout:
    """Place the training scan above the test scan, one patch of free rows between their patches.

    The diameter holds 90 % of the probe's energy [px]. ValueError if positions from a file are not
    finite or span no area, the test positions span less than asked for, or the object is too large.
    """
    n_px = params.probe.n_px
    positions: dict[Split, Real64] = {}
    first_row, width, test_row = 0.0, 0, 0
    for split, size in ((Split.TRAIN, params.train_positions), (Split.TEST, params.test_positions)):
        rng = spawn(params.seed, Purpose.SCAN_JITTER, split)
        path = scan_path(params.scan, size, probe_diameter_px, rng)
        margin = n_px // 2 + int(np.ceil(path.jitter_px)) + 1
        test_row = int(first_row)
        positions[split] = path.positions_px + np.array([first_row + margin, margin])
        last_row = first_row + margin + path.extent_px[0]
        width = max(width, int(np.ceil(2 * margin + path.extent_px[1])))
        first_row = float(np.ceil(last_row) + margin + n_px)
    shape = (int(np.ceil(last_row)) + margin, width)
    _check_test_span(positions[Split.TEST], params.min_test_span_px)
    _check_frame(positions, n_px, shape)
    return ScanLayout(positions, shape, guard_px=n_px, test_row_px=test_row)


def check_scans(params: SimulationParams) -> tuple[ScanLayout, float]:
    """Refuse what probe, layout or sample would, without drawing or exposing anything.

    Returns:
        The layout, and the diameter of the probe [px].
    """
    diameter = energy_diameter_px(make_probe(params))
    layout = lay_out_scans(params, diameter)
    check_object(params.train_object, layout.shape)
    if params.test_object is not None:
        height, width = layout.shape
        check_object(params.test_object, (height - layout.test_row_px, width))
    return layout, diameter


def _check_test_span(positions_px: Real64, least_px: float) -> None:
    """Refuse a test scan whose area is smaller than asked for."""
    height, width = np.ptp(positions_px, axis=0)
    if min(height, width) < least_px:
        raise ValueError(
            f"The test positions span {height:.0f} x {width:.0f} px, at least {least_px:g} px on "
            f"each side are asked for: MS-SSIM needs {MS_SSIM_MIN_PX} px. Raise test_positions "
            f"(of a run: size.test), or lower scan.overlap_ratio. A simulation alone can also "
            f"set min_test_span_px to 0 to go without MS-SSIM."
        )


def _check_frame(positions_px: dict[Split, Real64], n_px: int, shape: tuple[int, int]) -> None:
    """Refuse a frame that no memory holds, and a scan that leaves it."""
    if shape[0] * shape[1] > LARGEST_FRAME_PX:
        raise ValueError(
            f"The scans span an object of {shape[0]} x {shape[1]} px, more than "
            f"{LARGEST_FRAME_PX:,} in all. Scan fewer positions, raise the overlap_ratio, or give "
            f"positions from a file in object pixels."
        )
    for positions in positions_px.values():
        patch_corners(positions, n_px, shape)


def make_sample(params: SimulationParams, layout: ScanLayout) -> Complex128:
    """Return the sample below both scans: one object, or another one below the guard band.

    The other is drawn from its own stream, so it leaves the training region as it is. ValueError if
    a file holds no object as large as that.
    """
    object_ = make_object(
        params.train_object, layout.shape, spawn(params.object_seed, Purpose.OBJECT)
    )
    if params.test_object is not None:
        region = object_[layout.test_row_px :]
        rng = spawn(params.object_seed, Purpose.OBJECT, Split.TEST)
        region[:] = make_object(params.test_object, region.shape, rng)
    return object_
