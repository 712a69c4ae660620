"""An object as a picture: amplitude and phase side by side, with a scale bar."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tasks.core import Complex, Mask, Real
from tasks.core.files.atomic_files import atomic_path
from tasks.core.files.object_file import ObjectWindow
from tasks.figures import AMPLITUDE_MAP, PHASE_MAP, round_length

DPI, PANEL_INCH = 110, 4.2
PERCENTILES = (1.0, 99.0)
BAR_FRACTION = 0.3
# A bar of pixels is measured as if a pixel were a nanometre.
PIXEL_M = 1e-9


def write_object_figure(
    path: Path, window: ObjectWindow, pixel_m: float | None, title: str
) -> None:
    """Draw an object as PNG, whole or not at all.

    The mean phase, which diffraction cannot tell, is taken out. Colours span the 1st to the 99th
    percentile of the middle half of the window; what no light reached is white.

    Args:
        path: PNG to write.
        window: The object, shape (H, W), zero where no light fell.
        pixel_m: Side of its pixel [m]; None where it is not known: the bar then counts pixels.
        title: What it is.
    """
    object_ = window.object_
    lit = np.isfinite(object_) & (object_ != 0)
    figure = Figure(figsize=(2 * PANEL_INCH + 1.2, PANEL_INCH + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    parts = ("amplitude", AMPLITUDE_MAP), ("phase [rad]", PHASE_MAP)
    for axis, (label, colours), image in zip(axes, parts, _parts(object_, lit), strict=True):
        low, high = np.percentile(_middle(image, lit), PERCENTILES)
        shown = axis.imshow(np.where(lit, image, np.nan), cmap=colours, vmin=low, vmax=high)
        axis.set_axis_off()
        axis.set_title(label, fontsize=10)
        figure.colorbar(shown, ax=axis, shrink=0.8)
        draw_scale_bar(axis, image.shape[1], pixel_m)
    figure.suptitle(title, fontsize=11)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def _parts(object_: Complex, lit: Mask) -> tuple[Real, Real]:
    """Return amplitude and phase [rad] about its mean, shape (H, W) each."""
    total = np.sum(object_[lit])
    return np.abs(object_), np.angle(object_ * np.exp(-1j * np.angle(total)))


def _middle(image: Real, lit: Mask) -> Real:
    """Return the lit values of the middle half of an image, or all where it holds none."""
    height, width = image.shape
    part = np.s_[height // 4 : height - height // 4, width // 4 : width - width // 4]
    values = image[part][lit[part]]
    return values if values.size else np.zeros(1)


def draw_scale_bar(axis: Axes, width_px: int, pixel_m: float | None) -> None:
    """Draw a bar of a round length with its text into the lower left corner of an image."""
    side_m = PIXEL_M if pixel_m is None else pixel_m
    length_m, text = round_length(BAR_FRACTION * width_px * side_m)
    if pixel_m is None:
        text = f"{length_m / PIXEL_M:g} px"
    left, height = 0.04, 0.018
    share = length_m / side_m / width_px
    bar = Rectangle((left, 0.04), share, height, transform=axis.transAxes, color="white")
    bar.set_edgecolor("black")
    axis.add_patch(bar)
    axis.text(
        left + share / 2,
        0.04 + 1.6 * height,
        text,
        transform=axis.transAxes,
        ha="center",
        va="bottom",
        fontsize=9,
        color="white",
        bbox={"facecolor": "black", "alpha": 0.45, "pad": 1.5, "linewidth": 0},
    )
