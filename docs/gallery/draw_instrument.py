"""Pictures of what the detector counts, and of the beam that it counts."""

from pathlib import Path

import numpy as np
from canvas import figure_of, hide_ticks, save, simulated
from matplotlib.axes import Axes

from tasks.core.objects import ObjectParams, make_object
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.faults import FAULTS, InstrumentParams
from tasks.simulate.fly_scan import make_probe_modes
from tasks.simulate.params import SimulationParams
from tasks.simulate.simulation_figure import show_amplitude, show_pattern, show_wave

DOSES = (1e3, 1e4, 1e5)
DECAYS = (0.3, 0.6)


def faults(path: Path) -> None:
    """Draw one pattern of 1e4 photons with each example of each fault."""
    shown = {title: values for fault in FAULTS for title, values in fault.examples.items()}
    rows, columns = 2, -(-(1 + len(shown)) // 2)
    figure = figure_of(columns, rows)
    axes = figure.subplots(rows, columns)
    for axis, (title, values) in zip(axes.flat, [("none", {}), *shown.items()], strict=False):
        parts, _, folder = simulated(
            train_positions=(6, 6), photons_per_pattern=1e4, instrument=values
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


def modes(path: Path) -> None:
    """Draw the modes of a beam, and their occupation for two decays."""
    n_modes = 6
    figure = figure_of(n_modes + 2, 1, 2.0)
    axes = figure.subplots(1, n_modes + 1, width_ratios=[1] * n_modes + [2])
    for decay, colour, shift in zip(DECAYS, ("#1f4e79", "#e8743b"), (-0.2, 0.2), strict=True):
        instrument = InstrumentParams(n_modes=n_modes, mode_decay=decay)
        fields = make_probe_modes(SimulationParams(instrument=instrument))
        shares = np.sum(np.abs(fields) ** 2, axis=(1, 2))
        bars = np.arange(1, n_modes + 1) + shift
        axes[-1].bar(bars, shares, 0.4, color=colour, label=f"mode_decay {decay:g}")
    axes[-1].set(xlabel="mode", title="share of the photons")
    axes[-1].legend(fontsize=9)
    for number, (axis, field) in enumerate(zip(axes, fields, strict=False), start=1):
        show_wave(axis, field, f"mode {number}")
        hide_ticks(axis)
    save(figure, path)


def seeds(path: Path) -> None:
    """Draw what another seed changes, and what another dose leaves as it is."""
    cases = {
        "seed 42, 1e4 photons": SimulationParams(seed=42, photons_per_pattern=1e4),
        "seed 42, 1e5 photons": SimulationParams(seed=42, photons_per_pattern=1e5),
        "seed 43, 1e5 photons": SimulationParams(seed=43, photons_per_pattern=1e5),
        "seed 43, sample 42": SimulationParams(seed=43, sample_seed=42, photons_per_pattern=1e5),
    }
    figure = figure_of(2 * len(cases), 1, 2.2)
    axes = figure.subplots(1, 2 * len(cases))
    for number, (title, params) in enumerate(cases.items()):
        left, right = axes[2 * number], axes[2 * number + 1]
        parts, _, folder = simulated(
            train_positions=(6, 6),
            seed=params.seed,
            sample_seed=params.sample_seed,
            photons_per_pattern=params.photons_per_pattern,
        )
        folder.cleanup()
        _draw_scan(left, params.object_seed, parts[Split.TRAIN].positions_px, title)
        counts = parts[Split.TRAIN].diffraction_counts[14]
        image = show_pattern(right, counts / params.photons_per_pattern, "one pattern", 0.01)
        image.set_clim(1e-5, 0.01)
        hide_ticks(right)
    save(figure, path)


def _draw_scan(axis: Axes, seed: int, positions_px: np.ndarray, title: str) -> None:
    """Draw the corner of an object with the positions of a scan."""
    side = int(positions_px.max()) + 32
    object_ = make_object(ObjectParams(), (side, side), spawn(seed, Purpose.OBJECT))
    show_amplitude(axis, object_, title).set_cmap("gray")
    axis.plot(positions_px[:, 1], positions_px[:, 0], "o", color="#e8743b", ms=4, mew=0)
    hide_ticks(axis)
