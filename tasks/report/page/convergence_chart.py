"""How the error of an iterative run falls from epoch to epoch."""

from collections.abc import Mapping

from markupsafe import Markup

from tasks.core.arm_colours import colour_of
from tasks.report.page.curve_files import Curve
from tasks.report.page.svg import chart_style, legend_below, new_panel, scale_of_losses, svg_markup

CLOSE = 1.05


def convergence_chart(curves: Mapping[str, Curve], name: str) -> Markup:
    """Return complex error over epoch as SVG.

    Args:
        curves: Error by model; epoch 0 is the start.
        name: Prefix of ids, unique in the page.
    """
    with chart_style():
        figure, axis = new_panel()
        for model, curve in curves.items():
            axis.plot(curve.x, curve.y, "o-", ms=3, lw=1.6, color=colour_of(model), label=model)
        axis.set(xlabel="epoch", ylabel="complex NRMSE")
        scale_of_losses(axis, [value for curve in curves.values() for value in curve.y])
        legend_below(figure)
        title = f"Complex error after every epoch of {', '.join(curves)}"
        return svg_markup(figure, name, title)


def epochs_to_quality(curves: Mapping[str, Curve]) -> list[list[str]]:
    """Return rows: model, last error, and the first epoch as good as the best of all runs ends.

    As good is at most 5 % above the lowest last error; a dash where a run never gets there.
    """
    target = CLOSE * min(curve.y[-1] for curve in curves.values())
    rows = []
    for model, curve in curves.items():
        first = next((x for x, y in zip(curve.x, curve.y, strict=True) if y <= target), None)
        rows.append([model, f"{curve.y[-1]:.4f}", "–" if first is None else f"{first:g}"])
    return rows
