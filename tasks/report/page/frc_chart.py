"""Fourier ring correlation over spatial frequency: up to which detail an image agrees."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup
from matplotlib.axes import Axes

from tasks.catalogue.reconstruction import Role
from tasks.catalogue.reconstructions import OTHER_COLOUR, RECONSTRUCTIONS
from tasks.core.files.atomic_files import atomic_path
from tasks.report.page import svg
from tasks.report.page.curve_files import Curve
from tasks.report.page.drawn_state import KEY, fingerprint_of, is_drawn
from tasks.report.page.svg import (
    INK,
    PAPER,
    chart_style,
    fit_panel,
    legend_below,
    new_panel,
    svg_markup,
)

LEVEL = 0.5
NYQUIST_PER_PX = 0.5
SVG_INCH = (5.0, 3.9)
PNG_INCH, PNG_DPI = (6.8, 4.6), 130
CONTROL_DASHES = ("-", ":", "--", "-.")


def frc_chart(
    curves: Mapping[str, Curve], crossings_per_px: Mapping[str, float | None], name: str
) -> Markup:
    """Return the chart as SVG.

    Args:
        curves: Correlation by model, arms before controls.
        crossings_per_px: Where the curve falls below one half [1 / px], as the table has it.
        name: Prefix of ids, unique in the page.
    """
    with chart_style():
        figure, axis = new_panel(SVG_INCH)
        _draw(axis, curves, crossings_per_px)
        legend_below(figure)
        fit_panel(figure)
        crossed = [f"{m} {f:.3f}" for m, f in crossings_per_px.items() if f and m in curves]
        title = f"Fourier ring correlation with the truth; crosses one half at: {_listed(crossed)}"
        return svg_markup(figure, name, title)


def write_frc_plot(
    path: Path,
    curves: Mapping[str, Curve],
    crossings_per_px: Mapping[str, float | None],
    title: str,
) -> None:
    """Draw the chart as PNG, whole or not at all; one that shows the same stays."""
    colour_of = RECONSTRUCTIONS.colour_of
    shown = [[model, colour_of(model), curve.x, curve.y] for model, curve in curves.items()]
    content = [title, shown, sorted(crossings_per_px.items())]
    fingerprint = fingerprint_of(content, (Path(__file__), Path(svg.__file__)))
    if is_drawn(path, fingerprint):
        return
    with chart_style():
        figure, axis = new_panel(PNG_INCH)
        _draw(axis, curves, crossings_per_px)
        axis.set_title(title, fontsize="medium")
        legend_below(figure)
        fit_panel(figure)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=PNG_DPI, metadata={KEY: fingerprint})


def _draw(
    axis: Axes, curves: Mapping[str, Curve], crossings_per_px: Mapping[str, float | None]
) -> None:
    """Draw every curve and its crossing; arms thick, extras thinner, controls thin and grey."""
    axis.axhline(LEVEL, color=INK, lw=0.9, ls=(0, (6, 4)))
    axis.annotate(
        "0.5", (1.0, LEVEL), (3, -4), axis.get_yaxis_transform(), textcoords="offset points"
    )
    drawn = {entry.name: entry for entry in RECONSTRUCTIONS.with_stages}
    controls = [model for model in curves if model not in drawn]
    for model, curve in curves.items():
        if model in controls:
            colour, width = OTHER_COLOUR, 0.9
            dash = CONTROL_DASHES[controls.index(model) % len(CONTROL_DASHES)]
        else:
            is_arm, colour = drawn[model].role is Role.ARM, drawn[model].colour
            width, dash = (2.0, "-") if is_arm else (1.3, "--")
        axis.plot(curve.x, curve.y, color=colour, lw=width, ls=dash, label=model)
        crossing = crossings_per_px.get(model)
        if crossing is not None:
            axis.plot(crossing, LEVEL, "o", ms=5, mec=colour, mfc=PAPER, mew=1.4, zorder=3)
    axis.set(
        xlabel="spatial frequency [1/px]",
        ylabel="ring correlation",
        xlim=(0.0, NYQUIST_PER_PX),
        ylim=(min(-0.05, *(min(curve.y) for curve in curves.values())), 1.03),
    )


def _listed(items: list[str]) -> str:
    return ", ".join(items) + " per pixel" if items else "none of them"
