"""Simulation of one fly-scan: two regions of a sample, a guard band apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.forward import diffraction_intensity
from tasks.core.noise import draw_counts
from tasks.core.objects import make_object
from tasks.core.patches import extract_patches, patch_corners, shifted_probes
from tasks.core.probe import (
    defocused_zone_plate_probe,
    edge_energy_fraction,
    energy_diameter_px,
)
from tasks.core.scan_patterns import scan_path
from tasks.core.seeds import Purpose, Split, spawn
from tasks.simulate.params import SimulationParams

CHUNK = 128
EDGE_ENERGY_LIMIT = 0.01
LARGEST_FRAME_PX = 2**28
DOSE_TOLERANCE = 0.05


@dataclass(frozen=True)
class ScanLayout:
    """Where the two scans lie on the object.

    Attributes:
        positions_px: Absolute positions (y, x) of each split [px].
        shape: Shape of the object that holds them both.
        guard_px: Free rows between the patches of the two splits [px].
        test_row_px: First row below the guard band.
    """

    positions_px: dict[Split, NDArray[np.float64]]
    shape: tuple[int, int]
    guard_px: int
    test_row_px: int


def make_probe(params: SimulationParams) -> NDArray[np.complex128]:
    """Return the probe of unit energy.

    Raises:
        ValueError: If the array cuts off more than 1 % of its energy.
    """
    knobs = params.probe
    probe = defocused_zone_plate_probe(
        knobs.n_px, knobs.aperture_fraction, knobs.central_stop_fraction, knobs.defocus_rad
    )
    lost = edge_energy_fraction(probe)
    if lost > EDGE_ENERGY_LIMIT:
        raise ValueError(
            f"The probe does not fit its array of {knobs.n_px} px: {lost:.1%} of its energy lies "
            f"within 2 px of the edge, at most {EDGE_ENERGY_LIMIT:.0%} is allowed. Lower "
            f"defocus_rad ({knobs.defocus_rad}) or raise n_px."
        )
    return probe


def lay_out_scans(params: SimulationParams, probe_diameter_px: float) -> ScanLayout:
    """Place the training scan above the test scan, one patch of free rows between their patches.

    Args:
        params: Parameters of the simulation.
        probe_diameter_px: Diameter that holds 90 % of the probe's energy [px].

    Returns:
        Positions of both splits and the shape of the object.

    Raises:
        ValueError: If positions from a file are not finite or span no area, or the object that
            they need is too large.
    """
    n_px = params.probe.n_px
    positions: dict[Split, NDArray[np.float64]] = {}
    first_row, width, test_row = 0.0, 0, 0
    for split, size in (
        (Split.TRAIN, params.train_positions),
        (Split.TEST, params.test_positions),
    ):
        rng = spawn(params.seed, Purpose.SCAN_JITTER, split)
        path = scan_path(params.scan, size, probe_diameter_px, rng)
        margin = n_px // 2 + int(np.ceil(path.jitter_px)) + 1
        test_row = int(first_row)
        positions[split] = path.positions_px + np.array([first_row + margin, margin])
        last_row = first_row + margin + path.extent_px[0]
        width = max(width, int(np.ceil(2 * margin + path.extent_px[1])))
        first_row = float(np.ceil(last_row) + margin + n_px)
    shape = (int(np.ceil(last_row)) + margin, width)
    _check_frame(positions, n_px, shape)
    return ScanLayout(positions, shape, guard_px=n_px, test_row_px=test_row)


def _check_frame(
    positions_px: dict[Split, NDArray[np.float64]], n_px: int, shape: tuple[int, int]
) -> None:
    """Refuse a frame that no memory holds, and a scan that leaves it."""
    if shape[0] * shape[1] > LARGEST_FRAME_PX:
        raise ValueError(
            f"The scans span an object of {shape[0]} x {shape[1]} px, more than "
            f"{LARGEST_FRAME_PX:,} in all. Scan fewer positions, raise the overlap_ratio, or give "
            f"positions from a file in object pixels."
        )
    for positions in positions_px.values():
        patch_corners(positions, n_px, shape)


def make_sample(params: SimulationParams, layout: ScanLayout) -> NDArray[np.complex128]:
    """Return the sample below both scans: one object, or another one below the guard band.

    The other object is drawn from its own stream, so it leaves the training region as it is.

    Args:
        params: Parameters of the simulation.
        layout: Where the scans lie.

    Returns:
        Transmission, shape `layout.shape`.

    Raises:
        ValueError: If a file holds no object as large as that.
    """
    object_ = make_object(params.sample, layout.shape, spawn(params.seed, Purpose.OBJECT))
    if params.test_sample is not None:
        region = object_[layout.test_row_px :]
        rng = spawn(params.seed, Purpose.OBJECT, Split.TEST)
        region[:] = make_object(params.test_sample, region.shape, rng)
    return object_


def expose(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe: NDArray[np.complex128],
    chunk: int = CHUNK,
) -> Iterator[NDArray[np.floating]]:
    """Yield the noise-free intensity of the scan [photons / px], some patterns at a time."""
    for start in range(0, len(positions_px), chunk):
        part = positions_px[start : start + chunk]
        patches = extract_patches(object_, part, probe.shape[-1])
        yield diffraction_intensity(patches, shifted_probes(probe, part))


def calibrate_probe(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe: NDArray[np.complex128],
    photons_per_pattern: float,
) -> NDArray[np.complex128]:
    """Scale a probe so that the mean pattern of a scan is expected to hold a number of photons.

    The flux through the sample is what a beamline sets with the exposure time; the probe
    carries it, so no other scale exists.
    """
    total = sum(float(part.sum()) for part in expose(object_, positions_px, probe))
    return np.asarray(probe * np.sqrt(photons_per_pattern * len(positions_px) / total))


def count_photons(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe: NDArray[np.complex128],
    rng: np.random.Generator,
) -> NDArray[np.unsignedinteger]:
    """Return the counts of a scan, in 16 bits where they fit, shape (J, N, N)."""
    counts = np.concatenate(
        [draw_counts(part, rng) for part in expose(object_, positions_px, probe)]
    )
    return counts.astype(np.uint16) if counts.max() <= np.iinfo(np.uint16).max else counts


def measured_dose(counts: NDArray[np.unsignedinteger], nominal: float) -> dict[str, float]:
    """Return what the detector saw, beside what was asked for.

    Raises:
        ValueError: If the mean pattern is more than 5 % away from the nominal dose.
    """
    photons = float(counts.sum(axis=(1, 2), dtype=np.int64).mean())
    if abs(photons / nominal - 1) > DOSE_TOLERANCE:
        raise ValueError(
            f"Measured {photons:.1f} photons per pattern where {nominal:g} were asked for, more "
            f"than {DOSE_TOLERANCE:.0%} apart. Scan more positions or raise photons_per_pattern."
        )
    return {
        "nominal_photons_per_pattern": float(nominal),
        "measured_photons_per_pattern": photons,
        "counts_per_px": photons / counts[0].size,
        "brightest_pixel_counts": float(counts.max()),
        "saturated_fraction": 0.0,
    }


def probe_facts(probe: NDArray[np.complex128]) -> dict[str, float]:
    """Return the size of a probe."""
    return {
        "probe_diameter_px": energy_diameter_px(probe),
        "probe_edge_energy_fraction": edge_energy_fraction(probe),
    }
