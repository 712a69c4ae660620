"""Stage function of Phase E for a measured scan: labels from simulation with its own probe.

A simulated sample is exposed by the probe of a measured scan, at its positions: the Baseline then
learns from a truth, of another sample than the measured one, and from nothing that a solver made.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from tasks.core import StrictModel
from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import ObjectWindow, TruthFingerprint, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import open_view
from tasks.core.files.scan_record import Scan
from tasks.core.geometry.patches import scan_box
from tasks.core.objects import ObjectParams, make_object
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.simulate.exposure import calibrate_probe, count_photons


class LabelParams(StrictModel):
    """A simulated sample in the place of a measured one."""

    sample: ObjectParams = ObjectParams()
    seed: int = Field(42, ge=0, description="Root seed of sample and shot noise")


def simulate_labels(params: LabelParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Expose a simulated sample as a measured view was exposed: probe, positions, mean photons.

    Inputs are `scan` (CXI) and `view` (JSON) of the measured training region; outputs `scan` (CXI),
    `view` (JSON, all of it) and `truth` (HDF5). ValueError if the view is not the scan's.
    """
    reader = open_view(files.inputs["scan"], files.inputs["view"])
    header = reader.header
    photons = reader.total_counts() / len(reader)
    box = scan_box(header.positions_px, header.n_px)
    inside = header.positions_px - np.asarray(box.corner_px)
    object_ = make_object(params.sample, box.shape, spawn(params.seed, Purpose.OBJECT))
    modes = calibrate_probe(object_, inside, header.probe_modes, photons)
    noise = spawn(params.seed, Purpose.SHOT_NOISE, Split.TRAIN)
    counts = count_photons(object_, inside, modes, noise)
    window = ObjectWindow(object_, box.corner_px, {"labels": params.model_dump(mode="json")})
    scale = np.sqrt(np.sum(np.abs(modes) ** 2) / np.sum(np.abs(header.probe_modes) ** 2))
    simulated = replace(
        header,
        probe=header.probe * scale,
        modes=None if header.modes is None else modes,
        provenance={**window.facts, **TruthFingerprint.of(window, box).as_json},
    )
    write_scan(files.outputs["scan"], Scan.of(simulated, counts))
    write_object(files.outputs["truth"], window)
    count = len(counts)
    view = {"view": "simulated labels", "n_exposures": count, "indices": list(range(count))}
    write_json(files.outputs["view"], view)
    found = float(counts.sum(dtype=np.float64)) / count
    progress(1, 1, f"{count} patterns of {found:.1f} photons, measured {photons:.1f}")
    return {
        "n_patterns": count,
        "photons_per_pattern": found,
        "measured_photons_per_pattern": photons,
    }
