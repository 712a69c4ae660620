"""The half sets of a view: every other exposure in one, the rest in the other.

Two reconstructions from disjoint exposures share no noise. What they agree on is signal, and
each predicts patterns that it has never seen, so neither needs the truth.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Indices, Mask, Real, StrictModel
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.scan_reader import open_view
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.hub_layout import HALVES
from tasks.core.study.stage_record import Progress, StageFiles

FLYBACK_STEPS = 2.0


class HalvesParams(StrictModel):
    """Parameters of the half sets: there are none, since any choice would favour somebody."""


def halve_view(params: HalvesParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Split the exposures of a view into two half sets, and measure the overlap of each.

    A half whose probes no longer overlap is written all the same; `halves_overlap_ratio`, the
    smaller overlap, is then not positive, and what is reconstructed from the half means nothing.

    Inputs are `scan` (CXI) and `view` (JSON); outputs `odd` and `even` (JSON): views themselves,
    which say whose half they are. ValueError if the view is not the scan's, or a half is too small.
    """
    del params
    view = read_json(files.inputs["view"])
    whole = open_view(files.inputs["scan"], files.inputs["view"], cache_bytes=0).header
    # Neighbours in time are neighbours in space: the order of the scan, whatever the view's.
    order = np.argsort(view["indices"], kind="stable")
    indices, positions_px = np.asarray(view["indices"])[order], whole.positions_px[order]
    is_odd = every_other(positions_px)
    diameter = energy_diameter_px(whole.probe)
    facts: dict[str, Any] = {"view": view["view"], "probe_diameter_px": diameter}
    for half, chosen in zip(HALVES, (is_odd, ~is_odd), strict=True):
        measured = measure_overlap(positions_px[chosen], diameter)
        facts[half] = {"n_selected": int(chosen.sum()), **asdict(measured)}
        content = {"view": f"{view['view']}, {half} half", "half": half}
        content |= {"n_exposures": view["n_exposures"], "indices": indices[chosen].tolist()}
        write_json(files.outputs[half], content)
    facts["halves_overlap_ratio"] = min(facts[half]["overlap_ratio"] for half in HALVES)
    progress(1, 1, f"halves overlap by {facts['halves_overlap_ratio']:.3f}")
    return facts


def every_other(positions_px: Real) -> Mask:
    """Return which exposures are in the odd half, (J,), so that both cover the sample evenly.

    Alternating by the running index makes a checkerboard of a serpentine path, of a raster with an
    odd number of columns, and separates neighbours along any other path. A raster with an even
    number of columns would fall into stripes, twice as coarse along one axis as along the other:
    there every row starts with the half that the row before did not start with. Of the two rules
    the one is taken whose halves keep their exposures further apart.

    ValueError for fewer than four exposures.
    """
    if len(positions_px) < 4:
        raise ValueError(
            f"Two halves need at least four exposures, got {len(positions_px)}. Scan more "
            f"positions."
        )
    running = np.arange(len(positions_px))
    starts = row_starts(positions_px)
    row = np.searchsorted(starts, running, side="right") - 1
    by_index: Mask = running % 2 == 1
    along_rows: Mask = (row + running - starts[row]) % 2 == 1
    if min(np.sum(along_rows), np.sum(~along_rows)) < 2:
        return by_index
    # The sooner on equal terms; rounding is no reason.
    better = _spacing_px(positions_px, along_rows) > 1.01 * _spacing_px(positions_px, by_index)
    return along_rows if better else by_index


def row_starts(positions_px: Real) -> Indices:
    """Return where rows of a raster start, the first at 0: after a long step back."""
    steps = np.diff(positions_px, axis=0)
    length = np.linalg.norm(steps, axis=1)
    is_long = length > FLYBACK_STEPS * np.median(length)
    turns_back = np.zeros(len(steps), dtype=np.bool_)
    turns_back[1:] = np.sum(steps[1:] * steps[:-1], axis=1) < 0
    return np.concatenate([[0], np.flatnonzero(is_long & turns_back) + 1]).astype(np.intp)


def _spacing_px(positions_px: Real, is_odd: Mask) -> float:
    """Return the mean distance of an exposure to the nearest one of its half [px]."""
    nearest = [
        cKDTree(positions_px[half]).query(positions_px[half], k=2)[0][:, 1]
        for half in (is_odd, ~is_odd)
    ]
    return float(np.concatenate(nearest).mean())
