"""Curves of a comparison: errors over epochs, losses over steps, ring correlations."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from tasks.catalogue.headline import OBJECT_ERROR, SUBJECT
from tasks.catalogue.reconstruction import Role
from tasks.catalogue.reconstructions import OTHER_COLOUR, RECONSTRUCTIONS
from tasks.core.files.atomic_files import atomic_path
from tasks.report.page import svg
from tasks.report.page.curve_files import Curve, TrainingCurves
from tasks.report.page.page_files import KEY, fingerprint_of, is_drawn

LEARNING_INCH, FRC_INCH = (5.0, 2.7), (5.0, 3.9)
PNG_INCH, PNG_DPI = (6.8, 4.6), 130
MOST_POINTS = 120
TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
LEVEL, NYQUIST_PER_PX = 0.5, 0.5
CONTROL_DASHES = ("-", ":", "--", "-.")


def convergence_chart(curves: Mapping[str, Curve], name: str) -> Markup:
    """Return complex error over epoch as SVG, both in logarithms where they span decades."""
    with svg.chart_style():
        figure, axis = svg.new_panel()
        for model, curve in curves.items():
            colour = RECONSTRUCTIONS.colour_of(model)
            axis.plot(curve.x, curve.y, "o-", ms=3, lw=1.6, color=colour, label=model)
        last = max(max(curve.x) for curve in curves.values())
        axis.set_xscale("symlog", linthresh=1, linscale=0.4)
        axis.set_xticks([x for x in TICKS if x <= last], labels=None)
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(xlabel="epoch", ylabel=OBJECT_ERROR.label)
        svg.scale_of_losses(axis, [value for curve in curves.values() for value in curve.y])
        svg.legend_below(figure)
        svg.fit_panel(figure)
        title = f"Complex error after every epoch of {', '.join(curves)}"
        return svg.svg_markup(figure, name, title)


def learning_chart(curves: TrainingCurves, model: str, step: str, name: str) -> Markup:
    """Return the loss as SVG; long histories as medians of equal stretches."""
    with svg.chart_style():
        figure, axis = svg.new_panel(LEARNING_INCH)
        loss, held_out = thinned(curves.loss), curves.held_out
        axis.plot(loss.x, loss.y, color=RECONSTRUCTIONS.colour_of(model), lw=1.6, label="loss")
        if held_out.x:
            looks = "o-" if len(held_out.x) <= MOST_POINTS else "-"
            shown = thinned(held_out)
            axis.plot(shown.x, shown.y, looks, color=svg.INK, mfc=svg.PAPER, ms=3.5, lw=1.0)
            axis.lines[-1].set_label("held-out patterns")
            svg.legend_below(figure)
        svg.scale_of_losses(axis, [*loss.y, *held_out.y])
        axis.set(xlabel=step, ylabel="loss")
        axis.set_title(model, loc="left", fontsize="medium")
        svg.fit_panel(figure)
        title = f"{model}: loss {loss.y[0]:.4g} at first, {loss.y[-1]:.4g} at last"
        return svg.svg_markup(figure, name, title)


def thinned(curve: Curve) -> Curve:
    """Return a curve of few points: the middle of each stretch, and the median over it."""
    stretch = -(-len(curve.x) // MOST_POINTS)
    if stretch <= 1:
        return curve
    starts = range(0, len(curve.x), stretch)
    pieces = [(curve.x[i : i + stretch], sorted(curve.y[i : i + stretch])) for i in starts]
    return Curve([x[len(x) // 2] for x, _ in pieces], [y[len(y) // 2] for _, y in pieces])


def frc_chart(
    curves: Mapping[str, Curve], crossings_per_px: Mapping[str, float | None], name: str
) -> Markup:
    """Return Fourier ring correlation over spatial frequency, crossings in 1 / px, as SVG."""
    with svg.chart_style():
        figure = _frc_figure(FRC_INCH, curves, crossings_per_px)
        crossed = [f"{m} {f:.3f}" for m, f in crossings_per_px.items() if f and m in curves]
        listed = ", ".join(crossed) + " per pixel" if crossed else "none of them"
        title = f"Fourier ring correlation with the truth; crosses one half at: {listed}"
        return svg.svg_markup(figure, name, title)


def write_frc_plot(
    path: Path,
    curves: Mapping[str, Curve],
    crossings_per_px: Mapping[str, float | None],
    title: str,
) -> None:
    """Draw the same as PNG, whole or not at all; one that shows the same stays."""
    colour_of = RECONSTRUCTIONS.colour_of
    shown = [[model, colour_of(model), curve.x, curve.y] for model, curve in curves.items()]
    content = [title, shown, sorted(crossings_per_px.items())]
    fingerprint = fingerprint_of(content, (Path(__file__), Path(svg.__file__)))
    if is_drawn(path, fingerprint):
        return
    with svg.chart_style():
        figure = _frc_figure(PNG_INCH, curves, crossings_per_px, title)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=PNG_DPI, metadata={KEY: fingerprint})


def _frc_figure(
    size_inch: tuple[float, float],
    curves: Mapping[str, Curve],
    crossings_per_px: Mapping[str, float | None],
    title: str = "",
) -> Figure:
    """Draw every curve and its crossing; arms thick, extras thinner, controls thin and grey."""
    figure, axis = svg.new_panel(size_inch)
    axis.axhline(LEVEL, color=svg.INK, lw=0.9, ls=(0, (6, 4)))
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
            width, dash = (2.4, "-") if is_arm else (1.3, "--")
        axis.plot(curve.x, curve.y, color=colour, lw=width, ls=dash, label=model)
        if model == SUBJECT.name:
            # It is drawn over the other arms, which show through its gaps where curves coincide.
            axis.lines[-1].set(linestyle=(0, (3, 2)), zorder=2.1)
        crossing = crossings_per_px.get(model)
        if crossing is not None:
            axis.plot(crossing, LEVEL, "o", ms=5, mec=colour, mfc=svg.PAPER, mew=1.4, zorder=3)
    axis.set(
        xlabel="spatial frequency [1/px]",
        ylabel="ring correlation",
        xlim=(0.0, NYQUIST_PER_PX),
        ylim=(min(-0.05, *(min(curve.y) for curve in curves.values())), 1.03),
    )
    if title:
        axis.set_title(title, fontsize="medium")
    svg.legend_below(figure)
    svg.fit_panel(figure)
    return figure
