"""Stage function of Phase D: a scan in, the exposures of a view and their overlap out."""

from dataclasses import asdict
from typing import Any

import numpy as np

from tasks.core.files.atomic_files import write_json, write_npz
from tasks.core.files.scan_file import read_scan_header
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import illumination_map, scan_box
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.stage_interface import Progress, StageFiles
from tasks.views.overlap import overlap_metrics
from tasks.views.params import MeasuredViewParams, ViewParams
from tasks.views.selection import check_overlap, select_nested
from tasks.views.view_figure import write_coverage_plot


def select_view(params: ViewParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Choose the exposures of a view, measure their overlap and map their light.

    Args:
        params: The view, and the groups that its overlap is measured in.
        files: Input `scan` (CXI); outputs `view` and `overlap` (JSON), `coverage` (NPZ) and
            `plot` (PNG).
        progress: Told once at the end.

    Returns:
        Number of exposures and their measured overlaps.

    Raises:
        ValueError: If the measured overlap is not what the view's name says, or the view has
            too few exposures for its groups.
    """
    return _make_view(params, files, progress)


def take_every_exposure(
    params: MeasuredViewParams, files: StageFiles, progress: Progress
) -> dict[str, Any]:
    """Take all exposures of a measured scan, measure their overlap and map their light.

    Args:
        params: The groups that the overlap is measured in.
        files: As of `select_view`.
        progress: Told once at the end.

    Returns:
        Number of exposures and their measured overlaps; the nominal one is None.

    Raises:
        ValueError: If the scan has too few exposures for its groups.
    """
    return _make_view(params, files, progress)


def _make_view(params: ViewParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Choose exposures where an overlap is asked for, and write what is known of them."""
    scan = read_scan_header(files.inputs["scan"])
    diameter = energy_diameter_px(scan.probe)
    indices = (
        np.arange(len(scan), dtype=np.intp)
        if params.overlap_ratio is None
        else select_nested(scan.positions_px, params.view, diameter)
    )
    positions_px = scan.positions_px[indices]
    measured = measure_overlap(positions_px, diameter)
    if params.overlap_ratio is not None:
        check_overlap(measured, params.overlap_ratio, params.overlap_tolerance, params.name)
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
    coverage = illumination_map(scan.probe, positions_px - box.corner_px, box.shape)
    write_npz(
        files.outputs["coverage"],
        coverage=coverage.astype(np.float32),
        corner_px=np.array(box.corner_px),
    )
    summary = f"{len(indices)} of {len(scan)} exposures overlap by {measured.overlap_ratio:.3f}"
    write_coverage_plot(
        files.outputs["plot"], coverage, box, positions_px, f"{params.name} view: {summary}"
    )
    write_json(files.outputs["overlap"], facts)
    write_json(
        files.outputs["view"],
        {"view": params.name, "n_exposures": len(scan), "indices": indices.tolist()},
    )
    progress(1, 1, summary)
    return facts
