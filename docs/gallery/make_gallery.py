"""Draw the pictures of docs/simulation.md, and write its tables of knobs, from the code itself.

Run it from the top of the project after a knob, an object or a view has changed:

    .venv/bin/python docs/gallery/make_gallery.py             # all pictures and the tables
    .venv/bin/python docs/gallery/make_gallery.py dose views  # some pictures

Same code, same machine, same bytes. `PICTURES` says which picture shows a knob; a new one may go
without, and a fault of the instrument brings examples of its own.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import draw_instrument
import draw_samples
import draw_scans
import draw_views
from canvas import simulated
from knob_tables import with_tables
from PIL import Image
from pydantic import BaseModel

from tasks.core.files.atomic_files import atomic_path, write_text
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_file import ScanReader
from tasks.core.study.seeds import Split
from tasks.simulate.__main__ import OUTPUTS
from tasks.simulate.params import SimulationParams
from tasks.simulate.simulation_figure import write_simulation_plot
from tasks.views.params import ViewParams

PAGE = Path(__file__).resolve().parents[1] / "simulation.md"
FOLDER = PAGE.parent / "images/simulation"
TABLES: dict[str, type[BaseModel]] = {"simulation": SimulationParams, "views": ViewParams}
OVERVIEW_SCALE = 0.7


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        draw: Draws it into a file.
        knobs: Names of the knobs that it shows.
    """

    draw: Callable[[Path], None]
    knobs: tuple[str, ...] = ()


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


def _of(group: str, *names: str) -> tuple[str, ...]:
    """Return the knobs of a group by their dotted names."""
    return tuple(f"{group}.{name}" for name in names)


PICTURES = {
    "overview": Picture(overview),
    "layout": Picture(
        draw_scans.layout, ("test_object", "train_positions", "test_positions", "min_test_span_px")
    ),
    "objects": Picture(draw_samples.objects, _of("train_object", "kind")),
    "samples": Picture(
        draw_samples.samples,
        _of(
            "train_object",
            *("amplitude_range", "phase_range_rad"),
            *("n_spokes", "finest_period_px", "star_radius_px"),
        ),
    ),
    "object_files": Picture(
        draw_samples.object_files, _of("train_object", "path", "keep_file_values", "file_sha256")
    ),
    "probes": Picture(
        draw_samples.probes,
        _of(
            "probe",
            *("kind", "n_px", "aperture_fraction", "central_stop_fraction", "defocus_rad"),
            *("diameter_px", "curvature_rad"),
        ),
    ),
    "probe_files": Picture(
        draw_samples.probe_files, _of("probe", "file", "dataset", "file_sha256")
    ),
    "scans": Picture(draw_scans.scans, _of("scan", "kind", "path", "file_sha256")),
    "positions": Picture(draw_scans.positions, _of("scan", "overlap_ratio", "jitter_fraction")),
    "geometry": Picture(draw_samples.geometry, ("energy_ev", "distance_m", "detector_pixel_m")),
    "dose": Picture(draw_instrument.dose, ("photons_per_pattern",)),
    "faults": Picture(draw_instrument.faults, _of("instrument", *draw_instrument.in_examples())),
    "modes": Picture(draw_instrument.modes, _of("instrument", "n_modes", "mode_decay")),
    "stage_error": Picture(
        draw_scans.stage_error, _of("instrument", "position_error_px", "position_error_known")
    ),
    "seeds": Picture(draw_instrument.seeds, ("seed", "sample_seed")),
    "views": Picture(draw_views.views, ("view", "overlap_tolerance")),
    "groups": Picture(draw_views.groups, ("n_neighbours", "n_samples")),
    "seed_points": Picture(
        draw_views.seed_points,
        ("gridsize", "n_seed_points", "grouping_seed", "subsampling_seed"),
    ),
}


def shown_in() -> dict[str, str]:
    """Return the picture of every knob that is in one; of several, the last."""
    return {knob: name for name, picture in PICTURES.items() for knob in picture.knobs}


def main(names: list[str]) -> None:
    """Draw some pictures, or all of them and the tables."""
    for name in names or PICTURES:
        PICTURES[name].draw(FOLDER / f"{name}.png")
    if not names:
        write_text(PAGE, with_tables(PAGE.read_text(encoding="utf-8"), TABLES, shown_in()))


if __name__ == "__main__":
    main(sys.argv[1:])
