"""Draw the pictures of docs/simulation.md from the code itself.

Run it from the top of the project after a parameter, an object or a view has changed:

    .venv/bin/python docs/gallery/make_gallery.py             # all pictures
    .venv/bin/python docs/gallery/make_gallery.py dose views  # some pictures

Same code, same machine, same bytes. A new parameter may go without a picture, and a fault of the
instrument brings examples of its own.
"""

import sys
from pathlib import Path

import draw_instrument
import draw_samples
import draw_scans
import draw_views
from canvas import simulated
from PIL import Image

from tasks.core.files.atomic_files import atomic_path
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import ScanReader
from tasks.core.study.seeds import Split
from tasks.simulate.__main__ import OUTPUTS
from tasks.simulate.simulation_figure import write_simulation_plot

FOLDER = Path(__file__).resolve().parents[1] / "images/simulation"
OVERVIEW_SCALE = 0.7


def overview(path: Path) -> None:
    """Draw a whole simulation, as `python -m tasks.simulate` does."""
    _, truth, folder = simulated(
        train_positions=(20, 20), test_positions=(25, 25), photons_per_pattern=1e4
    )
    with folder:
        scans = {split: ScanReader(truth.with_name(OUTPUTS[split.value])) for split in Split}
        write_simulation_plot(path, read_object(truth), scans)
    with Image.open(path) as image:
        size = round(image.width * OVERVIEW_SCALE), round(image.height * OVERVIEW_SCALE)
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    palette = small.quantize(256, Image.Quantize.MAXCOVERAGE)
    with atomic_path(path) as temporary:
        palette.save(temporary, format="png", optimize=True)


# By the names of their files.
PICTURES = {
    "overview": overview,
    "layout": draw_scans.layout,
    "objects": draw_samples.objects,
    "samples": draw_samples.samples,
    "object_files": draw_samples.object_files,
    "probes": draw_samples.probes,
    "probe_files": draw_samples.probe_files,
    "scans": draw_scans.scans,
    "positions": draw_scans.positions,
    "geometry": draw_samples.geometry,
    "dose": draw_instrument.dose,
    "faults": draw_instrument.faults,
    "modes": draw_instrument.modes,
    "stage_error": draw_scans.stage_error,
    "seeds": draw_instrument.seeds,
    "views": draw_views.views,
    "groups": draw_views.groups,
    "seed_points": draw_views.seed_points,
}


def main(names: list[str]) -> None:
    """Draw some pictures, or all of them."""
    for name in names or PICTURES:
        PICTURES[name](FOLDER / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
