"""Whether patterns belong to the positions that they are stored with, or to their neighbours'.

A false trigger at the start, or a lost pattern, moves all later patterns by one position. Some
parts of the acquisition are fitted with their patterns moved by one and two.
"""

from dataclasses import dataclass

import numpy as np

from tasks.core import Complex, Indices
from tasks.ingest.preparation import PreparedScan
from tasks.ingest.preparation.background import to_counts
from tasks.orientation.orientation_fits import fit_with_probe
from tasks.orientation.orientations import middle_exposures

SHIFTS = (-2, -1, 0, 1, 2)
PARTS = 3
PATTERNS_OF_64_PX, FEWEST, MOST = 49, 25, 49
CLEAR_SHIFT = 1.3


@dataclass(frozen=True)
class Pairing:
    """Which positions fit the patterns of a part of the acquisition best.

    Attributes:
        first: First exposure of the part by its number in the file, from 0, as `last`.
        shift: How many exposures later the position is that fits.
        ratio: How many times lower the misfit then is.
    """

    first: int
    last: int
    shift: int
    ratio: float


def find_pairings(prepared: PreparedScan, probe: Complex) -> tuple[Pairing, ...]:
    """Return the parts of a scan whose patterns clearly fit the positions of other exposures."""
    positions, n_px = prepared.header.positions_px, prepared.header.n_px
    count = int(np.clip(PATTERNS_OF_64_PX * 64**2 // n_px**2, FEWEST, MOST))
    reach = max(SHIFTS)
    found = []
    for part in np.array_split(np.arange(len(positions)), PARTS):
        inner = part[(part >= reach) & (part < len(positions) - reach)]
        if len(inner) < FEWEST:
            continue
        chosen = inner[middle_exposures(positions[inner], count)]
        best, ratio = _best_shift(prepared, probe, chosen)
        if best and ratio > CLEAR_SHIFT:
            numbers = prepared.scan.numbers[prepared.kept]
            first, last = int(numbers[part[0]]), int(numbers[part[-1]])
            found.append(Pairing(first, last, best, ratio))
    return tuple(found)


def _best_shift(prepared: PreparedScan, probe: Complex, chosen: Indices) -> tuple[int, float]:
    """Return the shift that fits some positions best, and by how much the misfit is lower.

    The positions are the same for every shift, those that lie together: where neighbours of them
    are far from each other, patterns would share less of the object, and fit better whatever holds.
    """
    good, positions = prepared.header.good_pixels, prepared.header.positions_px[chosen]
    misfits = {}
    for shift in SHIFTS:
        stored = prepared.some(prepared.kept[chosen - shift])
        counts = to_counts(stored, good, prepared.background.level, prepared.photon_scale)
        misfits[shift] = fit_with_probe(counts, positions, probe, good, rounded=True).misfit
    best = min(misfits, key=lambda shift: misfits[shift])
    return best, misfits[0] / misfits[best]
