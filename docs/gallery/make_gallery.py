"""Draw the pictures of docs/simulation.md, and write its tables of knobs, from the code itself.

Run it from the top of the project after a knob, an object or a view has changed:

    .venv/bin/python docs/gallery/make_gallery.py             # all pictures and the tables
    .venv/bin/python docs/gallery/make_gallery.py dose views  # some pictures

Same code, same machine, same bytes.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from canvas import figure_of, hide_ticks, save, simulated
from knob_tables import with_tables
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from tasks.core.files import atomic_path, write_text
from tasks.core.groups import form_groups, nearest_neighbours
from tasks.core.object_file import read_object
from tasks.core.objects import FILE_KIND, OBJECTS, ObjectParams, make_object
from tasks.core.patches import illumination_map
from tasks.core.probe import energy_diameter_px
from tasks.core.probes.params import ProbeKind
from tasks.core.scan import jittered_raster
from tasks.core.scan_box import scan_box
from tasks.core.scan_file import ScanReader
from tasks.core.scan_patterns import SCAN_PATTERNS, ScanParams, scan_path
from tasks.core.seeds import Purpose, Split, spawn
from tasks.simulate.command_line import OUTPUTS
from tasks.simulate.figure import (
    show_amplitude,
    show_pattern,
    show_phase,
    show_wave,
    write_simulation_plot,
)
from tasks.simulate.illumination import make_probe
from tasks.simulate.params import InstrumentParams, ProbeParams, SimulationParams
from tasks.views.figure import show_coverage
from tasks.views.params import View, ViewParams
from tasks.views.selection import select_nested

PAGE = Path(__file__).resolve().parents[1] / "simulation.md"
FOLDER = PAGE.parent / "images/simulation"
TABLES: dict[str, type[BaseModel]] = {"simulation": SimulationParams, "views": ViewParams}
OVERVIEW_SCALE = 0.7
SIDE_PX = 144
DOSES = (1e3, 1e4, 1e5)
PROBES = {
    "the default": ProbeParams(),
    "defocus_rad 0": ProbeParams(defocus_rad=0.0),
    "central_stop_fraction 0": ProbeParams(central_stop_fraction=0.0),
    "aperture_fraction 0.6": ProbeParams(aperture_fraction=0.6),
    "gaussian": ProbeParams(kind=ProbeKind.GAUSSIAN),
    "disc, curvature_rad 3": ProbeParams(kind=ProbeKind.DISC, curvature_rad=3.0),
}
FAULTS = {
    "none": InstrumentParams(),
    "n_modes 6": InstrumentParams(n_modes=6, mode_decay=0.6),
    "background 0.2 / px": InstrumentParams(background_photons_per_px=0.2),
    "beam_stop_radius_px 4": InstrumentParams(beam_stop_radius_px=4.0),
    "point_spread_px 1.5": InstrumentParams(point_spread_px=1.5),
    "hot_pixel_fraction 0.01": InstrumentParams(hot_pixel_fraction=0.01),
    "saturation_photons 12": InstrumentParams(saturation_photons=12),
    "readout_noise_photons 1": InstrumentParams(readout_noise_photons=1.0),
    "dead_pixel_fraction 0.05": InstrumentParams(dead_pixel_fraction=0.05),
}
SEED = 42


def overview(path: Path) -> None:
    """Draw a whole simulation, as `python -m tasks.simulate` does."""
    _, truth, folder = simulated(train_positions=(20, 20), photons_per_pattern=1e4)
    with folder:
        scans = {split: ScanReader(truth.with_name(OUTPUTS[split.value])) for split in Split}
        write_simulation_plot(path, read_object(truth), scans)
    with Image.open(path) as image:
        size = round(image.width * OVERVIEW_SCALE), round(image.height * OVERVIEW_SCALE)
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    palette = small.quantize(256, Image.Quantize.MAXCOVERAGE)
    with atomic_path(path) as temporary:
        palette.save(temporary, format="png", optimize=True)


def objects(path: Path) -> None:
    """Draw amplitude and phase of every kind of object that there is."""
    kinds = [kind for kind in OBJECTS if kind != FILE_KIND]
    figure = figure_of(len(kinds), 2, 2.0)
    axes = figure.subplots(2, len(kinds))
    for column, kind in enumerate(kinds):
        params = ObjectParams(kind=kind)
        object_ = make_object(params, (SIDE_PX, SIDE_PX), spawn(SEED, Purpose.OBJECT))
        amplitude = show_amplitude(axes[0, column], object_, kind)
        amplitude.set_clim(*params.amplitude_range)
        phase = show_phase(axes[1, column], object_, "")
        phase.set_clim(*params.phase_range_rad)
    figure.colorbar(amplitude, ax=list(axes[0]), label="amplitude", shrink=0.85)
    figure.colorbar(phase, ax=list(axes[1]), label="phase [rad]", shrink=0.85)
    for axis in axes.flat:
        hide_ticks(axis)
    save(figure, path)


def probes(path: Path) -> None:
    """Draw the probe for some values of its knobs, with the diameter that holds 90 %."""
    figure = figure_of(len(PROBES), 2)
    axes = figure.subplots(2, len(PROBES))
    for column, (title, knobs) in enumerate(PROBES.items()):
        probe = make_probe(SimulationParams(probe=knobs))
        show_amplitude(axes[0, column], probe, f"{title}\n{energy_diameter_px(probe):.1f} px")
        show_wave(axes[1, column], probe, "phase")
    for axis in axes.flat:
        hide_ticks(axis)
    save(figure, path)


def positions(path: Path) -> None:
    """Draw positions and the probe's discs for some overlaps, without jitter and with it."""
    diameter = energy_diameter_px(make_probe(SimulationParams()))
    figure = figure_of(3)
    axes = figure.subplots(1, 3)
    for axis, (overlap, jitter) in zip(axes, ((0.7, 0.0), (0.7, 0.2), (0.2, 0.2)), strict=True):
        step = (1 - overlap) * diameter
        count = 1 + round(4 * diameter / step)
        rng = spawn(SEED, Purpose.SCAN_JITTER)
        points = jittered_raster(count, count, step, jitter * step, rng)
        axis.plot(points[:, 1], points[:, 0], ".", color="#1f4e79", ms=3, mew=0)
        _draw_discs(axis, points[: 3 * count : count + 1], diameter)
        axis.set_title(f"overlap {overlap}, jitter {jitter} steps", fontsize=10)
        axis.set(aspect="equal", xlabel="x [px]")
        axis.invert_yaxis()
    axes[0].set_ylabel("y [px]")
    save(figure, path)


def _draw_discs(axis: Axes, centres_px: NDArray[np.floating], diameter_px: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 100)
    for row, column in centres_px:
        axis.plot(
            column + diameter_px / 2 * np.cos(angle),
            row + diameter_px / 2 * np.sin(angle),
            color="#e8743b",
            lw=1.2,
        )


def scans(path: Path) -> None:
    """Draw the positions of every kind of scan, joined in the order of acquisition."""
    kinds = [kind for kind in SCAN_PATTERNS if kind != FILE_KIND]
    diameter = energy_diameter_px(make_probe(SimulationParams()))
    figure = figure_of(len(kinds))
    axes = figure.subplots(1, len(kinds))
    for axis, kind in zip(axes, kinds, strict=True):
        rng = spawn(SEED, Purpose.SCAN_JITTER)
        points = scan_path(ScanParams(kind=kind), (15, 15), diameter, rng).positions_px
        axis.plot(points[:, 1], points[:, 0], "-", color="#c0c0c0", lw=0.4)
        axis.plot(points[:, 1], points[:, 0], ".", color="#1f4e79", ms=5, mew=0)
        axis.set_title(kind, fontsize=10)
        axis.set(aspect="equal", xlabel="x [px]")
        axis.invert_yaxis()
    axes[0].set_ylabel("y [px]")
    save(figure, path)


def faults(path: Path) -> None:
    """Draw one pattern of 1e4 photons with each fault of the detector and of the beam."""
    rows, columns = 2, -(-len(FAULTS) // 2)
    figure = figure_of(columns, rows)
    axes = figure.subplots(rows, columns)
    for axis, (title, instrument) in zip(axes.flat, FAULTS.items(), strict=False):
        parts, _, folder = simulated(
            train_positions=(6, 6), photons_per_pattern=1e4, instrument=instrument
        )
        folder.cleanup()
        image = show_pattern(axis, parts[Split.TRAIN].diffraction_counts[14], title, 100)
        image.set_clim(0.7, 100)
    for axis in axes.flat:
        hide_ticks(axis)
        axis.set_axis_on() if axis.has_data() else axis.set_axis_off()
    figure.colorbar(image, ax=list(axes.flat), label="counts / px", shrink=0.85)
    save(figure, path)


def dose(path: Path) -> None:
    """Draw one pattern at each dose of the study, and the mean pattern, on one scale a photon."""
    figure = figure_of(len(DOSES) + 1)
    axes = figure.subplots(1, len(DOSES) + 1)
    for axis, photons in zip(axes, DOSES, strict=False):
        scans, _, folder = simulated(train_positions=(6, 6), photons_per_pattern=photons)
        counts = scans[Split.TRAIN].diffraction_counts
        folder.cleanup()
        image = show_pattern(axis, counts[14] / photons, f"{photons:g} photons", 0.01)
        image.set_clim(1e-5, 0.01)
    image = show_pattern(axes[-1], counts.mean(axis=0) / photons, "mean of the last scan", 0.01)
    image.set_clim(1e-5, 0.01)
    figure.colorbar(image, ax=list(axes), label="share of the photons / px", shrink=0.85)
    for axis in axes:
        hide_ticks(axis)
    save(figure, path)


def views(path: Path) -> None:
    """Draw which exposures each view takes of one scan, and the light that they bring."""
    scans, _, folder = simulated(train_positions=(25, 25))
    folder.cleanup()
    scan = scans[Split.TRAIN]
    diameter = energy_diameter_px(scan.probe)
    figure = figure_of(len(View), 1, 3.6)
    axes = figure.subplots(1, len(View))
    for axis, view in zip(axes, View, strict=True):
        chosen = scan.positions_px[select_nested(scan.positions_px, view, diameter)]
        box = scan_box(chosen, scan.n_px)
        light = illumination_map(scan.probe, chosen - box.corner_px, box.shape)
        image = show_coverage(axis, light / light.max(), box, chosen)
        axis.set_title(f"{view.value}, {len(chosen)} of {len(scan)} exposures", fontsize=10)
    figure.colorbar(image, ax=list(axes), label="light over its largest value", shrink=0.85)
    save(figure, path)


def groups(path: Path) -> None:
    """Draw three groups of one seed point among its seven nearest neighbours."""
    rng = spawn(SEED, Purpose.SCAN_JITTER)
    points = jittered_raster(5, 5, 8.0, 1.6, rng)
    seed_point = np.array([12])
    near = points[nearest_neighbours(points, seed_point, 7)[0]]
    formed = form_groups(points, seed_point, 4, 7, 3, spawn(123, Purpose.GROUPING))
    figure = figure_of(3)
    for axis, members in zip(figure.subplots(1, 3), formed.positions_px(points), strict=True):
        for shown, colour, size, label in (
            (points, "#c0c0c0", 5, "exposures"),
            (near, "#1f4e79", 7, "7 nearest"),
            (members, "#e8743b", 10, "group of 4"),
            (members[:1], "#000000", 5, "seed point"),
        ):
            axis.plot(shown[:, 1], shown[:, 0], "o", color=colour, ms=size, mew=0, label=label)
        axis.set(aspect="equal", xlabel="x [px]")
        axis.invert_yaxis()
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    save(figure, path)


PICTURES: dict[str, Callable[[Path], None]] = {
    draw.__name__: draw
    for draw in (overview, objects, probes, scans, positions, dose, faults, views, groups)
}


def main(names: list[str]) -> None:
    """Draw some pictures, or all of them and the tables."""
    for name in names or PICTURES:
        PICTURES[name](FOLDER / f"{name}.png")
    if not names:
        write_text(PAGE, with_tables(PAGE.read_text(encoding="utf-8"), TABLES))


if __name__ == "__main__":
    main(sys.argv[1:])
