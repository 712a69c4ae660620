"""What the pictures of the gallery share: figures, and scans to show."""

import tempfile
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from tasks.core.files.atomic_files import atomic_path
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import Scan
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.__main__ import OUTPUTS
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

DPI = 72
SEED = 42


def figure_of(columns: int, rows: int = 1, panel_inch: float = 2.6, title_lines: int = 1) -> Figure:
    """Return an empty figure for a grid of square panels."""
    size = (panel_inch * columns + 0.6, (panel_inch + 0.3 + 0.2 * title_lines) * rows)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG of 256 colours, the same bytes every time."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
        with Image.open(temporary) as image:
            palette = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
        palette.save(temporary, format="png", optimize=True)


def hide_ticks(axis: Axes) -> None:
    """Leave the numbers out, and keep the ground on which the image lies."""
    axis.set(xticks=[], yticks=[])


def scale_bar(axis: Axes, length_px: float, label: str) -> None:
    """Draw a bar of some length [px] into the lower left corner of an image, with its label."""
    bottom, left = axis.get_ylim()[0], axis.get_xlim()[0]
    row, first = bottom - 12, left + 8
    style = {"color": "white", "path_effects": [withStroke(linewidth=3, foreground="black")]}
    axis.plot([first, first + length_px], [row, row], "-", lw=4, **style)
    axis.text(first, row - 6, label, fontsize=11, fontweight="bold", va="bottom", **style)


def simulated(
    **changes: object,
) -> tuple[dict[Split, Scan], Path, tempfile.TemporaryDirectory[str]]:
    """Simulate a scan in a temporary folder; return its parts, the truth's file and the folder.

    The test scan is small where it is not asked for, as most pictures do not show it.
    """
    folder = tempfile.TemporaryDirectory()
    outputs = {name: Path(folder.name) / file for name, file in OUTPUTS.items()}
    small = {"test_positions": (2, 2), "min_test_span_px": 0}
    params = SimulationParams.model_validate(small | changes)
    simulate(params, StageFiles({}, outputs), silent)
    return {split: read_scan(outputs[split.value]) for split in Split}, outputs["truth"], folder
