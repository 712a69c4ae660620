"""How the error of an iterative run falls from epoch to epoch."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup
from matplotlib.ticker import NullLocator, StrMethodFormatter

from tasks.core.study.arm_colours import colour_of
from tasks.report.page.curve_files import Curve
from tasks.report.page.svg import (
    chart_style,
    fit_panel,
    legend_below,
    new_panel,
    scale_of_losses,
    svg_markup,
)
from tasks.report.records.comparison_files import read_comparison
from tasks.report.texts.text_tables import DASH, fixed

QUALITY_HEADER = (
    "run",
    "last complex NRMSE",
    "epochs to PtyChi's end",
    "PtyChi's epochs to its end",
)
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
            axis.plot(curve.x, curve.y, "o-", ms=3, lw=1.6, color=colour_of(model), label=model)
        last = max(max(curve.x) for curve in curves.values())
        axis.set_xscale("symlog", linthresh=1, linscale=0.4)
        axis.set_xticks([x for x in TICKS if x <= last], labels=None)
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(xlabel="epoch", ylabel="complex NRMSE")
        scale_of_losses(axis, [value for curve in curves.values() for value in curve.y])
        legend_below(figure)
        fit_panel(figure)
        title = f"Complex error after every epoch of {', '.join(curves)}"
        return svg_markup(figure, name, title)


def read_quality(path: Path) -> list[list[str]]:
    """Return when learned starts paid off, a row a run below `QUALITY_HEADER`.

    Args:
        path: `comparison.json`; one without iterates gives no rows.

    Raises:
        ValueError: If it is not JSON of the comparison.
    """
    found = read_comparison(path).iterations_to_quality
    return [
        [
            model,
            fixed(quality.final_complex_nrmse),
            _count(quality.epochs),
            _count(quality.ptychi_epochs),
        ]
        for model, quality in found.items()
    ]


def _count(epochs: int | None) -> str:
    return DASH if epochs is None else str(epochs)
