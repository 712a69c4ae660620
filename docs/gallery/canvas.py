"""What the pictures of the gallery share: figures, and scans to show."""

import tempfile
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tasks.core.files import atomic_path
from tasks.core.scan_file import Scan, read_scan
from tasks.core.seeds import Split
from tasks.core.stages import StageFiles, silent
from tasks.simulate.command_line import OUTPUTS
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

DPI = 72


def figure_of(columns: int, rows: int = 1, panel_inch: float = 2.6) -> Figure:
    """Return an empty figure for a grid of square panels."""
    size = (panel_inch * columns + 0.6, (panel_inch + 0.5) * rows)
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


def simulated(**knobs: object) -> tuple[dict[Split, Scan], Path, tempfile.TemporaryDirectory[str]]:
    """Simulate a scan in a temporary folder; return its parts, the truth's file and the folder."""
    folder = tempfile.TemporaryDirectory()
    outputs = {name: Path(folder.name) / file for name, file in OUTPUTS.items()}
    params = SimulationParams.model_validate(knobs)
    simulate(params, StageFiles({}, outputs), silent)
    return {split: read_scan(outputs[split.value]) for split in Split}, outputs["truth"], folder
