"""Stage function of Phase D: a scan in, the exposures of a view and their overlap out."""

from dataclasses import asdict
from typing import Any

from tasks.core.files import write_json
from tasks.core.probe import energy_diameter_px
from tasks.core.scan import measure_overlap
from tasks.core.scan_file import read_scan
from tasks.core.stages import Progress, StageFiles
from tasks.views.params import ViewParams
from tasks.views.selection import check_overlap, select_exposures


def select_view(params: ViewParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Choose the exposures of a view and measure their overlap.

    Args:
        params: The view.
        files: Input `scan` (CXI); outputs `view` and `overlap` (JSON).
        progress: Told once at the end.

    Returns:
        Number of exposures and their measured overlap.

    Raises:
        ValueError: If the measured overlap is not what the view's name says.
    """
    scan = read_scan(files.inputs["scan"])
    diameter = energy_diameter_px(scan.probe)
    indices = select_exposures(scan.positions_px, (1 - params.overlap_ratio) * diameter)
    measured = measure_overlap(scan.positions_px[indices], diameter)
    check_overlap(measured, params.overlap_ratio, params.overlap_tolerance, params.view.value)
    facts = {
        "view": params.view.value,
        "n_selected": len(indices),
        "n_exposures": len(scan),
        "nominal_overlap_ratio": params.overlap_ratio,
        "probe_diameter_px": diameter,
        **asdict(measured),
    }
    write_json(
        files.outputs["view"],
        {
            "view": params.view.value,
            "n_exposures": len(scan),
            "indices": indices.tolist(),
        },
    )
    write_json(files.outputs["overlap"], facts)
    progress(
        1, 1, f"{len(indices)} of {len(scan)} exposures overlap by {measured.overlap_ratio:.3f}"
    )
    return facts
