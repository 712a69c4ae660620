"""The page of the checks: findings with their cures, and the pictures, in one HTML file."""

import base64
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from tasks.core import Real64
from tasks.core.files.atomic_files import atomic_path, write_json, write_text
from tasks.figures import AMPLITUDE_MAP, CYCLIC_PHASE_MAP, PHASE_MAP
from tasks.ingest.checks import Checks, checks_record
from tasks.ingest.preparation import PreparedScan
from tasks.orientation.orientations import AS_STATED

PATTERN_MAP = "inferno"
LIT, FAULTY = "#1f4e79", "#e8743b"
DPI = 100


def _draw_patterns(figure: Figure, prepared: PreparedScan, _checks: Checks) -> None:
    """Draw the mean pattern, the largest counts, one pattern, and the pixels that are masked."""
    axes = figure.subplots(1, 4)
    scale, good = prepared.photon_scale.photons_per_unit, prepared.header.good_pixels
    central = prepared.central.counts[len(prepared.central.counts) // 2]
    for axis, pattern, title in (
        (axes[0], prepared.statistics.mean * scale, "mean pattern"),
        (axes[1], prepared.statistics.largest * scale, "largest of each pixel"),
        (axes[2], central.astype(np.float64), "one pattern of the middle"),
    ):
        image = _show_pattern(axis, pattern, title)
        if image is not None:
            figure.colorbar(image, ax=axis, shrink=0.7, label="photons / px")
    axes[3].imshow(good, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes[3].set_title(f"{np.count_nonzero(~good)} masked pixels (black)", fontsize=10)


def _show_pattern(axis: Axes, pattern: Real64, title: str):  # type: ignore[no-untyped-def]
    """Draw photons on a logarithmic scale; pixels without any stay black."""
    axis.set_title(title, fontsize=10)
    axis.set_facecolor("black")
    positive = pattern[pattern > 0]
    if not len(positive):
        return None
    top = float(positive.max())
    bottom = min(max(float(positive.min()), top * 1e-6), top / 10)
    shown = np.ma.masked_less_equal(pattern, 0)
    return axis.imshow(shown, cmap=PATTERN_MAP, norm=LogNorm(bottom, top), interpolation="nearest")


def _draw_positions(figure: Figure, prepared: PreparedScan, checks: Checks) -> None:
    """Draw the positions by their light and joined in order, the probe's disc, and the probe."""
    axes = figure.subplots(1, 4)
    positions, probe = prepared.header.positions_px, prepared.header.probe
    light = prepared.statistics.light[prepared.kept] * prepared.photon_scale.photons_per_unit
    dots = axes[0].scatter(positions[:, 1], positions[:, 0], c=light, s=6, cmap=AMPLITUDE_MAP)
    figure.colorbar(dots, ax=axes[0], shrink=0.7, label="photons")
    axes[0].set_title("positions, by their light", fontsize=10)
    axes[1].plot(positions[:, 1], positions[:, 0], "-", color=LIT, lw=0.5)
    axes[1].plot(positions[0, 1], positions[0, 0], "o", color=FAULTY, ms=5)
    ratio = "none" if checks.overlap is None else f"{checks.overlap.overlap_ratio:.2f}"
    axes[1].set_title(f"in order, from the dot; overlap {ratio}", fontsize=10)
    diameter = prepared.guess.facts["diameter_px"]
    for row, column in prepared.central.positions_px[:3]:
        axes[1].add_patch(Circle((column, row), diameter / 2, fill=False, ec=FAULTY, lw=1.2))
    for axis in axes[:2]:
        axis.set(aspect="equal", xlabel="x [px]")
        if not axis.yaxis_inverted():
            axis.invert_yaxis()
    axes[2].imshow(np.abs(probe), cmap=AMPLITUDE_MAP, interpolation="nearest")
    axes[2].set_title(f"probe ({prepared.guess.origin}), {diameter:.0f} px hold 90 %", fontsize=10)
    axes[3].imshow(
        np.ma.masked_where(np.abs(probe) < 0.05 * np.abs(probe).max(), np.angle(probe)),
        cmap=CYCLIC_PHASE_MAP,
        vmin=-np.pi,
        vmax=np.pi,
        interpolation="nearest",
    )
    axes[3].set_title("its phase, a whole turn", fontsize=10)


def _draw_light(figure: Figure, prepared: PreparedScan, _checks: Checks) -> None:
    """Draw photons and centre of every pattern in the order of acquisition."""
    axes = figure.subplots(1, 2)
    order = np.arange(len(prepared.scan))
    light = prepared.statistics.light * prepared.photon_scale.photons_per_unit
    kept = prepared.kept
    axes[0].plot(order[kept], light[kept], ".", color=LIT, ms=3, label="kept")
    left_out = np.setdiff1d(order, kept)
    if len(left_out):
        axes[0].plot(left_out, light[left_out], "x", color=FAULTY, ms=6, label="left out")
        axes[0].legend(fontsize=8, frameon=False)
    axes[0].set(xlabel="pattern", ylabel="photons", ylim=(0, None))
    axes[0].set_title("photons of every pattern", fontsize=10)
    centres = prepared.statistics.centres_px[kept] - prepared.crop.n_px // 2
    for axis_name, values, colour in (("y", centres[:, 0], LIT), ("x", centres[:, 1], FAULTY)):
        axes[1].plot(order[kept], values, ".", color=colour, ms=3, label=axis_name)
    axes[1].set(xlabel="pattern", ylabel="px from the middle")
    axes[1].set_title("centre of mass of every pattern", fontsize=10)
    axes[1].legend(fontsize=8, frameon=False)


def _draw_orientations(figure: Figure, prepared: PreparedScan, checks: Checks) -> None:
    """Draw the phase that each orientation gives: the right one shows a sample."""
    found = checks.orientations
    if found is None:
        asked, axis = prepared.params.check_orientation, figure.subplots()
        reason = "not tried: something worse was found" if asked else "not asked for"
        axis.set_axis_off()
        axis.text(0.5, 0.5, f"orientation {reason}", ha="center", va="center")
        return
    columns = min(4, len(found.fits))
    rows = -(-len(found.fits) // columns)
    figure.set_size_inches(12.0, 3.4 * rows)
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    best = min(found.fits, key=lambda name: found.fits[name].misfit)
    for axis, (name, fit) in zip(axes, found.fits.items(), strict=False):
        n_px = fit.probe.shape[-1]
        inner = fit.object_[n_px // 4 : -n_px // 4, n_px // 4 : -n_px // 4]
        axis.imshow(np.angle(inner * np.exp(-1j * np.angle(inner.mean()))), cmap=PHASE_MAP)
        weight = "bold" if name in (best, AS_STATED) else "normal"
        axis.set_title(f"{name}: misfit {fit.misfit:.4f}", fontsize=9, fontweight=weight)
        axis.set_axis_off()


PICTURES = {
    "patterns_plot": (
        "Patterns",
        "Mean pattern, the largest counts of each pixel, one pattern, and the masked pixels.",
        _draw_patterns,
    ),
    "positions_plot": (
        "Positions and probe",
        "Where the exposures lie, how far they overlap, and the first guess of the probe.",
        _draw_positions,
    ),
    "light_plot": (
        "Over time",
        "Photons and centre of every pattern, in order of acquisition.",
        _draw_light,
    ),
    "orientation_plot": (
        "Orientation",
        "Phase that the patterns of the middle give in each orientation: the right one fits best "
        "and shows the sample.",
        _draw_orientations,
    ),
}


def write_checks(outputs: Mapping[str, Path], prepared: PreparedScan, checks: Checks) -> None:
    """Write what was found under `checks` (JSON), `page` and the names of `PICTURES`."""
    record = checks_record(prepared, checks)
    write_json(outputs["checks"], record)
    pictures = []
    for name, (title, caption, draw) in PICTURES.items():
        figure = Figure(figsize=(12.0, 4.4), layout="constrained")
        draw(figure, prepared, checks)
        with atomic_path(outputs[name]) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
        content = base64.b64encode(outputs[name].read_bytes()).decode()
        pictures.append((title, caption, content))
    environment = Environment(
        loader=PackageLoader("tasks.ingest.checks"), autoescape=True, undefined=StrictUndefined
    )
    text = environment.get_template("checks.html.j2").render(
        name=prepared.params.file.name,
        record=record,
        format=record["provenance"]["measured"]["format"],
        pictures=pictures,
    )
    write_text(outputs["page"], text)
