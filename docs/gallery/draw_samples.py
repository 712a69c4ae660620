"""Pictures of what is scanned, and of what it is lit with."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from canvas import SEED, figure_of, hide_ticks, save, scale_bar

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_record import Geometry
from tasks.core.objects import FILE_KIND, OBJECTS, ObjectParams, make_object
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.seeds import Purpose, spawn
from tasks.simulate.fly_scan import make_probe, make_probe_modes
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.simulate.simulation_figure import show_amplitude, show_phase, show_wave

SIDE_PX = 144
PROBES = {
    "the default": ProbeParams(),
    "n_px 96": ProbeParams(n_px=96),
    "defocus_rad 0": ProbeParams(defocus_rad=0.0),
    "central_stop_fraction 0": ProbeParams(central_stop_fraction=0.0),
    "aperture_fraction 0.6": ProbeParams(aperture_fraction=0.6),
    "gaussian": ProbeParams(kind="gaussian"),
    "gaussian, diameter_px 10": ProbeParams(kind="gaussian", diameter_px=10.0),
    "disc, curvature_rad 3": ProbeParams(kind="disc", curvature_rad=3.0),
}
SAMPLES = {
    "the default": ObjectParams(),
    "amplitude_range 0.8 1": ObjectParams(amplitude_range=(0.8, 1.0)),
    "phase_range_rad -0.3 0.3": ObjectParams(phase_range_rad=(-0.3, 0.3)),
    "siemens_star": ObjectParams(kind="siemens_star"),
    "n_spokes 12": ObjectParams(kind="siemens_star", n_spokes=12),
    "finest_period_px 6": ObjectParams(kind="siemens_star", finest_period_px=6.0),
    "star_radius_px 32": ObjectParams(kind="siemens_star", star_radius_px=32.0),
}
GEOMETRIES = {
    "8 keV, 2 m, 75 um": Geometry(8e3, 2.0, 75e-6),
    "energy_ev 12000": Geometry(12e3, 2.0, 75e-6),
    "distance_m 4": Geometry(8e3, 4.0, 75e-6),
    "detector_pixel_m 0.00015": Geometry(8e3, 2.0, 150e-6),
}


def objects(path: Path) -> None:
    """Draw amplitude and phase of every kind of object that there is."""
    _draw_samples(path, {kind: ObjectParams(kind=kind) for kind in OBJECTS if kind != FILE_KIND})


def samples(path: Path) -> None:
    """Draw amplitude and phase for some ranges, and for the parameters of a star."""
    _draw_samples(path, SAMPLES)


def _draw_samples(path: Path, shown: Mapping[str, ObjectParams]) -> None:
    """Draw amplitude and phase of objects by their titles, all on the scale of the default."""
    figure = figure_of(len(shown), 2, 2.0)
    axes = figure.subplots(2, len(shown))
    usual = ObjectParams()
    for column, (title, params) in enumerate(shown.items()):
        object_ = make_object(params, (SIDE_PX, SIDE_PX), spawn(SEED, Purpose.OBJECT))
        amplitude = show_amplitude(axes[0, column], object_, title)
        amplitude.set_clim(*usual.amplitude_range)
        phase = show_phase(axes[1, column], object_, "")
        phase.set_clim(*usual.phase_range_rad)
    figure.colorbar(amplitude, ax=list(axes[0]), label="amplitude", shrink=0.85)
    figure.colorbar(phase, ax=list(axes[1]), label="phase [rad]", shrink=0.85)
    for axis in axes.flat:
        hide_ticks(axis)
    save(figure, path)


def object_files(path: Path) -> None:
    """Draw an object as its file has it, and stretched to the ranges."""
    rows, columns = np.indices((SIDE_PX, SIDE_PX)) / SIDE_PX
    height = np.sin(9 * rows + 4 * np.sin(7 * columns))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "object.h5"
        object_ = (0.85 + 0.05 * height) * np.exp(0.3j * height)
        write_object(file, ObjectWindow(object_, (0, 0)))
        kept = ObjectParams(kind=FILE_KIND, path=file)
        stretched = ObjectParams(kind=FILE_KIND, path=file, keep_file_values=False)
        figure = figure_of(5, 1, 2.2, title_lines=2)
        axes = figure.subplots(1, 4)
        for column, params in enumerate((kept, stretched)):
            image = make_object(params, (SIDE_PX, SIDE_PX), spawn(SEED, Purpose.OBJECT))
            title = f"keep_file_values {str(params.keep_file_values).lower()}"
            amplitude = show_amplitude(axes[column], image, title)
            amplitude.set_clim(0.5, 1.0)
            phase = show_phase(axes[2 + column], image, title)
            phase.set_clim(-1.0, 1.0)
    figure.colorbar(amplitude, ax=list(axes[:2]), label="amplitude", shrink=0.8)
    figure.colorbar(phase, ax=list(axes[2:]), label="phase [rad]", shrink=0.8)
    for axis in axes:
        hide_ticks(axis)
    save(figure, path)


def probes(path: Path) -> None:
    """Draw the probe for some values of its parameters, with the diameter that holds 90 %."""
    figure = figure_of(len(PROBES), 2, 2.2, title_lines=2)
    axes = figure.subplots(2, len(PROBES))
    for column, (title, values) in enumerate(PROBES.items()):
        probe = make_probe(SimulationParams(probe=values))
        show_amplitude(axes[0, column], probe, f"{title}\n{energy_diameter_px(probe):.1f} px")
        show_wave(axes[1, column], probe, "phase")
    for axis in axes.flat:
        hide_ticks(axis)
    save(figure, path)


def probe_files(path: Path) -> None:
    """Draw a probe and a set of modes from files, and what becomes of them."""
    n_px = ProbeParams().n_px
    rows, columns = np.indices((n_px, n_px)) - n_px // 2
    beam = np.exp(-(rows**2 / 60 + columns**2 / 160) + 0.02j * rows * columns)
    modes = np.stack([0.5 * beam * columns / 9, beam, 0.4 * beam * rows / 6])
    with tempfile.TemporaryDirectory() as folder:
        single, several = Path(folder) / "probe.npy", Path(folder) / "modes.h5"
        np.save(single, beam)
        with h5py.File(several, "w") as file:
            file["light"] = modes
        figure = figure_of(4, 1, 2.4, title_lines=3)
        axes = figure.subplots(1, 4)
        cases = (
            ("probe.npy", single, "probe", 0),
            ("modes.h5, dataset light", several, "light", 1),
        )
        for name, source, dataset, first in cases:
            params = ProbeParams(kind="file", file=source, dataset=dataset)
            shown = make_probe_modes(SimulationParams(probe=params))
            for number, mode in enumerate(shown):
                axis = axes[first + number]
                share = np.sum(np.abs(mode) ** 2)
                part = "one mode" if len(shown) == 1 else f"mode {number + 1}"
                show_amplitude(axis, mode, f"{name}\n{part}, {share:.0%} of the photons")
    for axis in axes:
        hide_ticks(axis)
    save(figure, path)


def geometry(path: Path) -> None:
    """Draw one object under several geometries, with the length that its pixels stand for."""
    n_px = ProbeParams().n_px
    object_ = make_object(ObjectParams(), (SIDE_PX, SIDE_PX), spawn(SEED, Purpose.OBJECT))
    figure = figure_of(len(GEOMETRIES), title_lines=3)
    axes = figure.subplots(1, len(GEOMETRIES))
    for axis, (title, geometry_) in zip(axes, GEOMETRIES.items(), strict=True):
        pixel_m = geometry_.object_pixel_m(n_px)
        show_amplitude(axis, object_, f"{title}\nobject pixel {pixel_m * 1e9:.1f} nm")
        scale_bar(axis, 1e-6 / pixel_m, "1 um")
        hide_ticks(axis)
    save(figure, path)
