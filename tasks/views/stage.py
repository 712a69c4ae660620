"""A view of a scan: its exposures, how much they overlap, and how much light each pixel got."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from tasks.core import Real
from tasks.core.files.atomic_files import atomic_path, write_json, write_npz
from tasks.core.files.scan_file import read_scan_header
from tasks.core.geometry.patches import Window, illumination_map, scan_box
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.views.exposures import exposures_of_view
from tasks.views.overlap import overlap_metrics
from tasks.views.params import MeasuredViewParams, ViewParams


def select_view(params: ViewParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Choose the exposures of a view, measure their overlap and map their light.

    Input `scan` (CXI); outputs `view` and `overlap` (JSON), `coverage` (NPZ) and `plot` (PNG).
    ValueError if the measured overlap is not what the view's name says, or the view has too few
    exposures for its groups.
    """
    scan = read_scan_header(files.inputs["scan"])
    diameter = energy_diameter_px(scan.probe)
    indices, measured = exposures_of_view(params, scan.positions_px, diameter)
    positions_px = scan.positions_px[indices]
    facts = {
        "view": params.name,
        "n_selected": len(indices),
        "n_exposures": len(scan),
        "acceptance_fraction": len(indices) / len(scan),
        "nominal_overlap_ratio": params.overlap_ratio,
        "probe_diameter_px": diameter,
        **asdict(measured),
        **overlap_metrics(positions_px, params, diameter),
    }
    box = scan_box(positions_px, scan.n_px)
    coverage = illumination_map(scan.probe, box.inside(positions_px), box.shape)
    arrays = {"coverage": coverage.astype(np.float32), "corner_px": np.array(box.corner_px)}
    write_npz(files.outputs["coverage"], **arrays)
    summary = f"{len(indices)} of {len(scan)} exposures overlap by {measured.overlap_ratio:.3f}"
    title = f"{params.name} view: {summary}"
    write_coverage_plot(files.outputs["plot"], coverage, box, positions_px, title)
    write_json(files.outputs["overlap"], facts)
    view = {"view": params.name, "n_exposures": len(scan), "indices": indices.tolist()}
    write_json(files.outputs["view"], view)
    progress(1, 1, summary)
    return facts


def take_every_exposure(
    params: MeasuredViewParams, files: StageFiles, progress: Progress
) -> dict[str, Any]:
    """Do as `select_view` with all exposures of a measured scan, whatever their overlap."""
    return select_view(params, files, progress)


DPI = 90


def show_coverage(
    axis: Axes, coverage: Real, box: Window, positions_px: Real, brightest: float | None = None
) -> AxesImage:
    """Draw the light [photons / px] of a box of the object's frame, and a dot an exposure."""
    (top, left), (height, width) = box.corner_px, box.shape
    image = axis.imshow(
        coverage,
        cmap="gray",
        vmin=0.0,
        vmax=float(coverage.max()) if brightest is None else brightest,
        extent=(left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5),
        interpolation="antialiased",
    )
    axis.plot(positions_px[:, 1], positions_px[:, 0], ".", color="#e8743b", ms=3.5, mew=0)
    axis.set(xlabel="x [px]", ylabel="y [px]")
    return image


def write_coverage_plot(
    path: Path, coverage: Real, box: Window, positions_px: Real, title: str
) -> None:
    """Draw the coverage of a view as PNG, whole or not at all; arguments as `show_coverage`."""
    figure = Figure(figsize=(5.6, 4.8), layout="constrained")
    axis = figure.subplots()
    image = show_coverage(axis, coverage, box, positions_px)
    axis.set_title(title, fontsize=10)
    figure.colorbar(image, ax=axis, label="light on the sample [photons / px]", shrink=0.9)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
