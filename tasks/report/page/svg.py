"""Curves as SVG inside a page, in the colours of the page, light or dark.

Matplotlib draws in fixed colours. In the markup they become CSS variables, black becomes the colour
of the text, and letters stay letters, so that a chart can be read on any ground, and read aloud.
"""

import io
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from tasks.catalogue.headline import further_arms
from tasks.catalogue.reconstructions import OTHER_COLOUR, RECONSTRUCTIONS

INK, PAPER, GRID, FRONT = "#000000", "#FFFFFF", "#E8E8E8", "#B0B0B0"
VERDICT_COLOURS = {"better": "#1B7837", "worse": "#B2182B", "inconclusive": "#636363"}
DARK_VERDICT_COLOURS = {"better": "#7FD694", "worse": "#FF8A80", "inconclusive": "#B4B4B4"}
PANEL_INCH = (5.0, 3.3)
FONT_PT = 10.5
PAD_INCH = 0.05
FIRST_GUESS = (0.16, 0.24, 0.8, 0.66)


def variables() -> dict[str, tuple[str, str]]:
    """Return the colours of figures: name of the CSS variable, and its value on a dark ground."""
    found = {
        PAPER: ("paper", "#16181C"),
        GRID: ("grid", "#33373E"),
        FRONT: ("front", "#70767F"),
        OTHER_COLOUR: ("other", "#B4B4B4"),
    }
    # Those of the headline first: further ones move no name.
    drawn = sorted(RECONSTRUCTIONS.with_stages, key=further_arms().__contains__)
    found |= {
        entry.colour.upper(): (f"arm-{number}", entry.dark_colour)
        for number, entry in enumerate(drawn, start=1)
        if entry.colour.upper() not in (INK, *found)
    }
    return found | {
        colour: (verdict, DARK_VERDICT_COLOURS[verdict])
        for verdict, colour in VERDICT_COLOURS.items()
    }


@contextmanager
def chart_style() -> Iterator[None]:
    """Draw and write charts inside this block alike."""
    with mpl.rc_context(
        {
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.right": False,
            "axes.spines.top": False,
            # Where titles stand is known: to look for room above the ticks takes long.
            "axes.titley": 1.0,
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": FONT_PT,
            "grid.color": GRID,
            "grid.linewidth": 0.7,
            "legend.fontsize": FONT_PT - 1,
            "legend.frameon": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "phase-g",
        }
    ):
        yield


def new_panel(size_inch: tuple[float, float] = PANEL_INCH) -> tuple[Figure, Axes]:
    """Return a figure of one panel, to be fitted once all is drawn in it."""
    figure = Figure(figsize=size_inch)
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.set_position(FIRST_GUESS)
    return figure, axis


def legend_below(figure: Figure) -> None:
    """Write what lines mean below the panel, where they cover none."""
    figure.legend(
        loc="lower center", ncols=3, handlelength=1.8, columnspacing=1.4, borderaxespad=0.1
    )


def fit_panel(figure: Figure) -> None:
    """Give the one panel of a figure all the room that its labels and the legend below leave.

    Labels are measured once. Matplotlib's constrained layout measures four times and draws twice,
    and that was most of the time that a page takes.
    """
    (axis,) = figure.axes
    width, height = figure.bbox.size
    below = sum(legend.get_window_extent().height for legend in figure.legends)
    panel, labels = axis.get_window_extent(), axis.get_tightbbox() or axis.bbox
    pad = PAD_INCH * figure.dpi
    left, bottom = panel.x0 - labels.x0 + pad, panel.y0 - labels.y0 + below + pad
    right, top = labels.x1 - panel.x1 + pad, labels.y1 - panel.y1 + pad
    axis.set_position(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )


def scale_of_losses(axis: Axes, values: Sequence[float]) -> None:
    """Choose a logarithmic axis for positive values over more than a decade, with plain numbers."""
    if min(values) > 0 and max(values) > 10 * min(values):
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def style_sheet_variables(models: Container[str], *, dark: bool) -> dict[str, str]:
    """Return the colours of the charts by the name of their CSS variable."""
    absent = [arm.colour.upper() for arm in further_arms() if arm.name not in models]
    return {
        name: other if dark else colour
        for colour, (name, other) in variables().items()
        if colour not in absent
    }


def svg_markup(figure: Figure, name: str, title: str) -> Markup:
    """Return a figure as an `svg` element; equal figures give equal text.

    Args:
        figure: Figure of one panel, drawn in `chart_style` and fitted.
        name: Prefix of the ids inside, unique in the page.
        title: What is shown, for those who do not see it.
    """
    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    width, height = (72 * inch for inch in figure.get_size_inches())
    inside = text.getvalue().partition("<svg")[2].partition(">")[2].rpartition("</svg>")[0]
    inside = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", inside, flags=re.S
    )
    inside = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", inside)
    inside = re.sub(r"(?<=: )#[0-9a-f]{6}\b", partial(_variable, variables()), inside)
    inside = re.sub(r"\n\s*", "\n", inside)
    return Markup(  # noqa: S704 - matplotlib escapes what it writes
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" class="chart" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"><title>{escape(title)}</title>{inside}</svg>'
    )


def _variable(names: Mapping[str, tuple[str, str]], match: re.Match[str]) -> str:
    """Return the CSS value for a colour that matplotlib wrote."""
    colour = match[0].upper()
    if colour == INK:
        return "currentColor"
    return f"var(--{names[colour][0]})" if colour in names else match[0]
