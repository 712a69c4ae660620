"""The picture of a view: where its exposures lie, and how much light each pixel got."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from tasks.core.files.atomic_files import atomic_path
from tasks.core.geometry.patches import Window

DPI = 90


def show_coverage(
    axis: Axes,
    coverage: NDArray[np.floating],
    box: Window,
    positions_px: NDArray[np.floating],
    brightest: float | None = None,
) -> AxesImage:
    """Draw the light on each pixel, and a dot for each exposure, in the frame of the object.

    Args:
        axis: Where to draw.
        coverage: Probe intensity summed over the exposures [photons / px], shape (H, W).
        box: Where the coverage lies in the object.
        positions_px: Absolute positions (y, x) of the exposures [px], shape (J, 2).
        brightest: End of the colour scale [photons / px]; the largest value without.

    Returns:
        The image, for a colour bar.
    """
    (top, left), (height, width) = box.corner_px, box.shape
    image = axis.imshow(
        coverage,
        cmap="gray",
        vmin=0.0,
        vmax=float(coverage.max()) if brightest is None else brightest,
        extent=(left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5),
        interpolation="antialiased",
    )
    axis.plot(positions_px[:, 1], positions_px[:, 0], ".", color="#e8743b", ms=3.5, mew=0)
    axis.set(xlabel="x [px]", ylabel="y [px]")
    return image


def write_coverage_plot(
    path: Path,
    coverage: NDArray[np.floating],
    box: Window,
    positions_px: NDArray[np.floating],
    title: str,
) -> None:
    """Draw the coverage of a view as PNG, whole or not at all; arguments as `show_coverage`."""
    figure = Figure(figsize=(5.6, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    image = show_coverage(axis, coverage, box, positions_px)
    axis.set_title(title, fontsize=10)
    figure.colorbar(image, ax=axis, label="light on the sample [photons / px]", shrink=0.9)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
