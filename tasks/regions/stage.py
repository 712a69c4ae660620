"""A measured scan cut into regions: one CXI in, a CXI of each region out (Phase C)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import StrictModel
from tasks.core.files.object_file import read_illumination
from tasks.core.files.scan_file import ScanWriter
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import ScanHeader
from tasks.core.physics.probe import coherent_probe, energy_diameter_px, probe_sha256
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import Progress, StageFiles


class RegionParams(StrictModel):
    """Where a measured scan is cut into a training and a test region."""

    guard_px: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Least distance of a training from a test position along the cut; none: the "
        "side of a patch, so that no object pixel is seen from both [px]",
    )
    train_fraction: float = Field(
        0.6, gt=0, lt=1, description="Share of the training region of what the guard band leaves"
    )
    test_first: bool = Field(
        False, description="The test region begins where the coordinates are smallest"
    )


WHOLE = "whole"
PATTERNS_AT_ONCE = 256
FEWEST_POSITIONS = 16
AXES = ("y", "x")


@dataclass(frozen=True)
class Regions:
    """The exposures of the two regions, and where they were cut.

    Attributes:
        indices: Rising scan indices of each split.
        axis: Axis along which they lie behind each other: 0 for y, 1 for x.
        guard_px: Least distance between them that was asked for.
        gap_px: Distance of the nearest positions along the axis.
        n_between: Exposures of the band, which belong to neither.
    """

    indices: dict[Split, NDArray[np.intp]]
    axis: int
    guard_px: float
    gap_px: float
    n_between: int

    @property
    def facts(self) -> dict[str, Any]:
        """The cut as JSON."""
        return {
            "axis": AXES[self.axis],
            "guard_px": self.guard_px,
            "gap_px": self.gap_px,
            "n_between": self.n_between,
            **{f"n_{split.value}": len(found) for split, found in self.indices.items()},
        }


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
    n_px = reader.header.n_px
    # By the positions as they were sent: a refinement must not move an exposure to another region.
    regions = cut_in_regions(reader.header.positions_px, n_px, params)
    modes = light.probe_modes
    header = replace(
        reader.header,
        positions_px=light.positions_px,
        probe=coherent_probe(modes),
        modes=modes if len(modes) > 1 else None,
    )
    facts: dict[str, Any] = {
        "regions": regions.facts,
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


def cut_in_regions(positions_px: NDArray[np.floating], n_px: int, params: RegionParams) -> Regions:
    """Cut a scan across its longer side.

    Every exposure is in one region or in the band between them; none is in both.

    Raises:
        ValueError: If the band leaves a region with fewer than 16 positions.
    """
    extent = np.ptp(positions_px, axis=0)
    axis = int(np.argmax(extent))
    guard_px = float(n_px) if params.guard_px is None else params.guard_px
    along = positions_px[:, axis] - positions_px[:, axis].min()
    along = along.max() - along if params.test_first else along
    last_train = max(0.0, float(along.max()) - guard_px) * params.train_fraction
    is_train, is_test = along <= last_train, along >= last_train + guard_px
    is_test &= ~is_train
    for split, chosen in ((Split.TRAIN, is_train), (Split.TEST, is_test)):
        if chosen.sum() < FEWEST_POSITIONS:
            raise ValueError(
                f"A guard band of {guard_px:.4g} px leaves {int(chosen.sum())} of "
                f"{len(positions_px)} positions to the {split.value} region, at least "
                f"{FEWEST_POSITIONS} are needed: the scan spans {extent[axis]:.4g} px along "
                f"{AXES[axis]}. Lower guard_px (the probe's diameter keeps most of the light "
                f"apart), change train_fraction, or scan a larger area."
            )
    return Regions(
        {Split.TRAIN: np.flatnonzero(is_train), Split.TEST: np.flatnonzero(is_test)},
        axis,
        guard_px,
        float(along[is_test].min() - along[is_train].max()),
        int(np.count_nonzero(~(is_train | is_test))),
    )


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
