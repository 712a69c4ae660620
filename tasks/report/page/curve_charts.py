"""Losses of trainings and errors of iterative runs, step by step."""

from collections.abc import Mapping

from markupsafe import Markup
from matplotlib.ticker import NullLocator, StrMethodFormatter

from tasks.catalogue.headline import OBJECT_ERROR
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.report.page.curve_files import Curve, TrainingCurves
from tasks.report.page.svg import (
    INK,
    PAPER,
    chart_style,
    fit_panel,
    legend_below,
    new_panel,
    scale_of_losses,
    svg_markup,
)

LEARNING_INCH = (5.0, 2.7)
MOST_POINTS = 120
TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def convergence_chart(curves: Mapping[str, Curve], name: str) -> Markup:
    """Return complex error over epoch as SVG, both in logarithms where they span decades.

    Args:
        curves: Error by model; epoch 0 is the start.
        name: Prefix of ids, unique in the page.
    """
    with chart_style():
        figure, axis = new_panel()
        for model, curve in curves.items():
            colour = RECONSTRUCTIONS.colour_of(model)
            axis.plot(curve.x, curve.y, "o-", ms=3, lw=1.6, color=colour, label=model)
        last = max(max(curve.x) for curve in curves.values())
        axis.set_xscale("symlog", linthresh=1, linscale=0.4)
        axis.set_xticks([x for x in TICKS if x <= last], labels=None)
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(xlabel="epoch", ylabel=OBJECT_ERROR.label)
        scale_of_losses(axis, [value for curve in curves.values() for value in curve.y])
        legend_below(figure)
        fit_panel(figure)
        title = f"Complex error after every epoch of {', '.join(curves)}"
        return svg_markup(figure, name, title)


def learning_chart(curves: TrainingCurves, model: str, step: str, name: str) -> Markup:
    """Return the loss as SVG; long histories as medians of equal stretches.

    Args:
        curves: Loss of every step, and of held-out patterns now and then.
        model: Whose training.
        step: What a step is called.
        name: Prefix of ids, unique in the page.
    """
    with chart_style():
        figure, axis = new_panel(LEARNING_INCH)
        loss, held_out = thinned(curves.loss), curves.held_out
        axis.plot(loss.x, loss.y, color=RECONSTRUCTIONS.colour_of(model), lw=1.6, label="loss")
        if held_out.x:
            looks = "o-" if len(held_out.x) <= MOST_POINTS else "-"
            shown = thinned(held_out)
            axis.plot(shown.x, shown.y, looks, color=INK, mfc=PAPER, ms=3.5, lw=1.0)
            axis.lines[-1].set_label("held-out patterns")
            legend_below(figure)
        scale_of_losses(axis, [*loss.y, *held_out.y])
        axis.set(xlabel=step, ylabel="loss")
        axis.set_title(model, loc="left", fontsize="medium")
        fit_panel(figure)
        title = f"{model}: loss {loss.y[0]:.4g} at first, {loss.y[-1]:.4g} at last"
        return svg_markup(figure, name, title)


def thinned(curve: Curve) -> Curve:
    """Return a curve of few points: the middle of each stretch, and the median over it."""
    stretch = -(-len(curve.x) // MOST_POINTS)
    if stretch <= 1:
        return curve
    starts = range(0, len(curve.x), stretch)
    pieces = [(curve.x[i : i + stretch], sorted(curve.y[i : i + stretch])) for i in starts]
    return Curve([x[len(x) // 2] for x, _ in pieces], [y[len(y) // 2] for _, y in pieces])
