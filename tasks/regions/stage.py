"""A measured scan cut into regions: one CXI in, a CXI of each region out (Phase C)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import read_illumination
from tasks.core.files.scan_file import ScanWriter
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.region_cut import RegionParams, cut_in_regions
from tasks.core.physics.probe import (
    coherent_probe,
    energy_diameter_px,
    energy_outside_width,
    probe_sha256,
)
from tasks.core.study.stage_record import Progress, StageFiles

WHOLE = "whole"
PATTERNS_AT_ONCE = 256


def cut_scan(params: RegionParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Write the training and the test region of a scan, with the probe that was refined.

    Inputs are `scan` (CXI, prepared) and `illumination` (HDF5: probe and positions after the
    refinement); outputs `train`, `test` and `whole` (CXI).

    Raises:
        ValueError: If the guard band leaves a region with too few positions, or the illumination
            is not the scan's.
    """
    reader = ScanReader(files.inputs["scan"], cache_bytes=0)
    light = read_illumination(files.inputs["illumination"])
    if len(light.positions_px) != len(reader):
        raise ValueError(
            f"The illumination was refined on {len(light.positions_px)} positions, but the scan "
            f"has {len(reader)}. Refine it again on this scan."
        )
    # By positions and probe as they were sent: what `check` has foreseen is what is done, and a
    # refinement must not move an exposure to another region.
    regions = cut_in_regions(reader.header.positions_px, reader.header.probe_modes, params)
    modes = light.probe_modes
    header = replace(
        reader.header,
        positions_px=light.positions_px,
        probe=coherent_probe(modes),
        modes=modes if len(modes) > 1 else None,
    )
    facts: dict[str, Any] = {
        "regions": regions.facts,
        "light_outside_guard": energy_outside_width(modes, regions.axis, regions.guard_px),
        "probe_diameter_px": energy_diameter_px(modes),
        "probe_sha256": probe_sha256(modes),
        "n_probe_modes": len(modes),
    }
    parts: Mapping[str, NDArray[np.intp]] = {
        **{split.value: chosen for split, chosen in regions.indices.items()},
        WHOLE: np.arange(len(reader)),
    }
    for number, (name, chosen) in enumerate(parts.items(), start=1):
        part = replace(
            header,
            positions_px=header.positions_px[chosen],
            provenance=header.provenance | {"split": name, "regions": regions.facts},
        )
        facts[name] = _write_part(files.outputs[name], reader, part, chosen)
        photons = facts[name]["measured_photons_per_pattern"]
        progress(number, len(parts), f"{name}: {len(chosen)} patterns of {photons:.1f} photons")
    return facts


def _write_part(
    path: Path, reader: ScanReader, part: ScanHeader, chosen: NDArray[np.intp]
) -> dict[str, Any]:
    """Write some exposures of a scan; return their number and photons."""
    total = 0
    saturated = part.provenance.get("dose", {}).get("saturated_fraction")  # of the whole scan
    with ScanWriter.open(path, part) as writer:
        for start in range(0, len(chosen), PATTERNS_AT_ONCE):
            counts = reader.read(chosen[start : start + PATTERNS_AT_ONCE])
            total += int(counts[:, part.good_pixels].sum(dtype=np.int64))
            writer.append(counts)
        photons = total / len(chosen)
        writer.provenance |= {
            "dose": {
                "nominal_photons_per_pattern": photons,
                "measured_photons_per_pattern": photons,
                "saturated_fraction": saturated,
            }
        }
    return {"n_patterns": len(chosen), "measured_photons_per_pattern": photons}
