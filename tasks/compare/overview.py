"""The whole of a measured scan, as the reference and the networks see it: to look at, not to score.

The networks have learned from one region of it; how good they are is said by the
comparison of the other region.
"""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tasks.catalogue.headline import SOLVER
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.gauge import GaugeFitter, remove_gauge
from tasks.compare.alignment.region import ComparisonParams, Region, scored_region
from tasks.compare.reference_object import REFERENCE
from tasks.core import Complex
from tasks.core.files.atomic_files import atomic_path, write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import open_view
from tasks.core.geometry.patches import bounding_box
from tasks.core.physics.forward import phase_on_branch
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.figures import AMPLITUDE_MAP, PHASE_MAP

PERCENTILES = (0.5, 99.5)
PANEL_INCH, DPI = 4.2, 110


def draw_overview(
    params: ComparisonParams, files: StageFiles, progress: Progress
) -> dict[str, Any]:
    """Draw reference and networks over a whole scan, in one gauge and on one scale.

    Inputs are `scan` (CXI), `view` (JSON), `reference` (HDF5) and reconstructions (HDF5) under the
    names of their arms; outputs `plot` (PNG) and `record` (JSON).
    """
    header = open_view(files.inputs["scan"], files.inputs["view"]).header
    region = scored_region(header, params.coverage_fraction, params.erosion_px)
    box = region.box
    base = np.nan_to_num(read_object(files.inputs[REFERENCE]).cut(box))
    fitter = GaugeFitter(base, region.weights, max_shift_px=params.max_shift_px)
    images: dict[str, Complex] = {f"Reference ({SOLVER.name})": base}
    for arm in (arm.name for arm in RECONSTRUCTIONS.arms if arm.name in files.inputs):
        image = read_object(files.inputs[arm]).cut(box)
        gauge = fitter.fit(image)
        images[arm] = remove_gauge(image, gauge, region.lit & np.isfinite(image))
    _draw(files.outputs["plot"], images, region, f"{len(header)} patterns, the whole scan")
    record = {"shown": list(images), "regions": header.provenance.get("regions")}
    write_json(files.outputs["record"], record)
    progress(1, 1, f"drew {', '.join(images)}")
    return record


def _draw(path: Path, images: dict[str, Complex], region: Region, title: str) -> None:
    """Draw amplitude and phase of all images, what is not lit white."""
    window = bounding_box(region.mask)
    base = next(iter(images.values()))
    centre = np.exp(-1j * np.angle(np.sum(base[region.mask])))
    turned = np.angle(base * centre)
    rows: list[tuple[str, str, list[NDArray[np.floating]]]] = [
        ("amplitude", AMPLITUDE_MAP, [np.abs(image) for image in images.values()]),
        (
            "phase [rad]",
            PHASE_MAP,
            [phase_on_branch(image * centre, turned, turned) for image in images.values()],
        ),
    ]
    figure = Figure(figsize=(PANEL_INCH * len(images) + 0.8, 2 * PANEL_INCH), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(images), squeeze=False)
    for row, (label, colours, values) in enumerate(rows):
        low, high = np.percentile(values[0][region.mask], PERCENTILES)
        for column, (name, image) in enumerate(zip(images, values, strict=True)):
            shown = axes[row, column].imshow(
                np.where(region.mask, image, np.nan)[window], cmap=colours, vmin=low, vmax=high
            )
            axes[row, column].set_axis_off()
            axes[row, column].set_title(name, fontsize=10)
        figure.colorbar(shown, ax=axes[row], label=label, shrink=0.8)
    figure.suptitle(title, fontsize=11)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
