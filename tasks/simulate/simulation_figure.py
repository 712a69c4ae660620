"""The picture of a simulation: object, probe, positions and the mean pattern."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from tasks.core import Complex, Real
from tasks.core.files.atomic_files import atomic_path
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_reader import ScanReader
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.seeds import Split
from tasks.figures import AMPLITUDE_MAP, CYCLIC_PHASE_MAP, PHASE_MAP

PATTERN_MAP = "inferno"
SPLIT_COLOURS = {Split.TRAIN: "#1f4e79", Split.TEST: "#e8743b"}
DPI = 100


def show_amplitude(axis: Axes, field: Complex, title: str) -> AxesImage:
    """Draw the modulus of an object or of a probe, shape (H, W)."""
    axis.set_title(title, fontsize=10)
    return axis.imshow(np.abs(field), cmap=AMPLITUDE_MAP, interpolation="antialiased")


def show_phase(axis: Axes, object_: Complex, title: str) -> AxesImage:
    """Draw the phase of an object [rad], shape (H, W), over its own range."""
    axis.set_title(title, fontsize=10)
    return axis.imshow(np.angle(object_), cmap=PHASE_MAP, interpolation="antialiased")


def show_wave(axis: Axes, probe: Complex, title: str) -> AxesImage:
    """Draw the phase of a probe [rad], shape (N, N), over a whole turn, dark where it is weak."""
    axis.set_title(title, fontsize=10)
    axis.set_facecolor("black")
    return axis.imshow(
        np.angle(probe),
        cmap=CYCLIC_PHASE_MAP,
        vmin=-np.pi,
        vmax=np.pi,
        alpha=np.sqrt(np.abs(probe) / np.abs(probe).max()),
        interpolation="nearest",
    )


def show_pattern(
    axis: Axes, pattern: NDArray[np.number], title: str, brightest: float | None = None
) -> AxesImage:
    """Draw counts (N, N) on a logarithmic scale, black without any, up to `brightest`."""
    axis.set_title(title, fontsize=10)
    axis.set_facecolor("black")
    top = float(pattern.max()) if brightest is None else brightest
    bottom = min(float(pattern[pattern > 0].min()), top / 10)
    shown = np.ma.masked_less_equal(pattern, 0)
    return axis.imshow(
        shown, cmap=PATTERN_MAP, norm=LogNorm(bottom, top), interpolation="antialiased"
    )


def _show_positions(
    axis: Axes, positions_px: Mapping[Split, Real], shape: tuple[int, ...], diameter_px: float
) -> None:
    """Draw the positions (y, x) of both scans on the object, and the probe's disc at one."""
    height, width = shape
    for split, positions in positions_px.items():
        colour = SPLIT_COLOURS[split]
        axis.plot(positions[:, 1], positions[:, 0], ".", color=colour, ms=2.5, mew=0)
        angle = np.linspace(0, 2 * np.pi, 100)
        row, column = positions[0]
        axis.plot(
            column + diameter_px / 2 * np.cos(angle),
            row + diameter_px / 2 * np.sin(angle),
            color=colour,
            lw=1.2,
            label=f"{split.value}, {len(positions)}",
        )
    axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
    axis.set_title("positions, and the probe's disc", fontsize=10)
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def write_simulation_plot(
    path: Path, truth: ObjectWindow, scans: Mapping[Split, ScanReader]
) -> None:
    """Draw object, probe, positions and the mean pattern of the training scan as PNG."""
    scan = scans[Split.TRAIN]
    probe = scan.header.probe
    diameter = energy_diameter_px(probe)
    figure = Figure(figsize=(12.0, 7.6), layout="constrained")
    axes = figure.subplots(2, 3)
    mean = scan.summed_pattern() / len(scan)
    images = [
        (show_amplitude(axes[0, 0], truth.object_, "object, amplitude"), ""),
        (show_phase(axes[0, 1], truth.object_, "object, phase"), "rad"),
        (show_amplitude(axes[1, 0], probe, f"probe, {diameter:.1f} px hold 90 %"), "sqrt(photons)"),
        (show_wave(axes[1, 1], probe, "probe, phase"), "rad"),
        (show_pattern(axes[1, 2], mean, "mean pattern"), "photons / px"),
    ]
    for image, unit in images:
        figure.colorbar(image, ax=image.axes, label=unit, shrink=0.85)
    positions = {split: part.header.positions_px for split, part in scans.items()}
    _show_positions(axes[0, 2], positions, truth.object_.shape, diameter)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
