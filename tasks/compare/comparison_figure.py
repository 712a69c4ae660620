"""The picture of a comparison: every arm beside the truth, on the truth's colour scale."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tasks.catalogue.metric import PARTS, Metric
from tasks.catalogue.metrics.mae import METRIC as MAE
from tasks.catalogue.metrics.ms_ssim import METRIC as MS_SSIM
from tasks.catalogue.reconstruction import Role
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.evaluator import ModelResult
from tasks.compare.reference_object import ReferenceObject
from tasks.core import Real
from tasks.core.files.atomic_files import atomic_path
from tasks.core.geometry.patches import bounding_box
from tasks.core.physics.forward import wrap
from tasks.figures import Scale, amplitude_scale, error_scale, phase_scale, round_length

PANEL_INCH, GAP_INCH = 2.5, 0.08
HEAD_INCH, TITLE_INCH, EDGE_INCH, BAR_INCH = 0.3, 0.42, 0.12, 0.98
DPI = 110
# The pictures are mostly noise, which a longer search does not make smaller.
PNG_OPTIONS = {"compress_level": 1}
ROW_LABELS = ("amplitude", "phase [rad]", "|amplitude error|", "|phase error| [rad]")


def write_comparison_plot(
    path: Path,
    reference: ReferenceObject,
    illumination: Real | None,
    results: Mapping[str, ModelResult],
    object_pixel_m: float | None,
    title: str,
) -> None:
    """Draw truth and arms, amplitude and phase and their errors, as PNG; whole or not at all.

    Pixels that are not scored are white; the dashed line is the rectangle of SSIM and MS-SSIM. The
    illumination is in photons / px, (H, W), None where no scan is known; without the side of an
    object pixel [m] the scale is in pixels. What is not in the catalogue is drawn as an arm.
    """
    entries = RECONSTRUCTIONS.entries
    controls = {name for name in results if name in entries and entries[name].role is Role.CONTROL}
    listed = {model: one for model, one in results.items() if model in controls}
    arms = {model: one for model, one in results.items() if model not in controls}
    window = bounding_box(reference.mask)
    sheet = _Sheet(1 + len(arms), reference.mask[window].shape)
    sheet.figure.text(0.5, 1 - 0.2 / sheet.height, title, fontsize=11, ha="center", va="center")
    axes = sheet.axes
    rows = _images(reference, arms)
    scales = _scales(reference, rows)
    for row, (scale, images, label) in enumerate(zip(scales, rows, ROW_LABELS, strict=True)):
        shown = [
            _show(axes[row, column], np.where(reference.mask, image, np.nan)[window], scale)
            for column, image in enumerate(images, start=sheet.n_columns - len(images))
        ]
        sheet.figure.colorbar(shown[-1], cax=sheet.bar(row), label=label)
    _write_titles(axes, arms, reference.name.capitalize())
    light = None if illumination is None else np.where(reference.mask, illumination, np.nan)[window]
    _show_light(sheet.figure, axes[2, 0], axes[3, 0], light, control_lines(listed))
    _outline(axes[0, 0], reference, window)
    _scale_bar(sheet.figure, axes[0, 0], object_pixel_m)
    with atomic_path(path) as temporary:
        sheet.figure.savefig(temporary, format="png", dpi=DPI, pil_kwargs=PNG_OPTIONS)


class _Sheet:
    """Panels, shape (4, columns), at known places: a search for them would cost more than all."""

    def __init__(self, n_columns: int, shape_px: tuple[int, ...]) -> None:
        self.n_columns = n_columns
        self._panel = PANEL_INCH * float(np.clip(shape_px[0] / shape_px[1], 0.5, 2.0))
        self.width = EDGE_INCH + n_columns * (PANEL_INCH + GAP_INCH) + BAR_INCH
        self.height = HEAD_INCH + 4 * (self._panel + TITLE_INCH) + EDGE_INCH
        self.figure = Figure(figsize=(self.width, self.height))
        FigureCanvasAgg(self.figure)
        lefts = EDGE_INCH + np.arange(n_columns) * (PANEL_INCH + GAP_INCH)
        self.axes = np.array(
            [[self._add(float(left), row, PANEL_INCH) for left in lefts] for row in range(4)]
        )

    def bar(self, row: int) -> Axes:
        """Return the place of a colour bar, beside the last panel of a row."""
        return self._add(self.width - BAR_INCH, row, 0.15)

    def _add(self, left: float, row: int, width: float) -> Axes:
        bottom = EDGE_INCH + (3 - row) * (self._panel + TITLE_INCH)
        corner, size = (left, bottom), (width, self._panel)
        sheet = (self.width, self.height)
        return self.figure.add_axes((*np.divide(corner, sheet), *np.divide(size, sheet)))


def _images(reference: ReferenceObject, results: Mapping[str, ModelResult]) -> list[list[Real]]:
    """Return the images of the four rows; the error rows have none for the truth."""
    true_amplitude, true_phase = (reference.parts[part].values for part in PARTS)
    images = [reference.parts_of(result.aligned) for result in results.values()]
    amplitudes, phases = ([image[part] for image in images] for part in PARTS)
    return [
        [true_amplitude, *amplitudes],
        [true_phase, *phases],
        [np.abs(image - true_amplitude) for image in amplitudes],
        [np.abs(wrap(image - true_phase)) for image in phases],
    ]


def _scales(reference: ReferenceObject, rows: list[list[Real]]) -> list[Scale]:
    """Return the colours of the rows: the truth's range, and for errors one range for all arms."""
    amplitudes, phases, *errors = [[image[reference.mask] for image in row] for row in rows]
    truth = [amplitude_scale(amplitudes[0]), phase_scale(phases[0])]
    return truth + [error_scale(row) for row in errors]


def _show(axis: Axes, image: Real, scale: Scale) -> AxesImage:
    """Draw one panel."""
    axis.xaxis.set_visible(False)
    axis.yaxis.set_visible(False)
    return axis.imshow(
        scale.folded(image),
        cmap=scale.colour_map,
        vmin=scale.smallest,
        vmax=scale.largest,
        interpolation="nearest",
    )


def _show_light(
    figure: Figure, axis: Axes, below: Axes, illumination: Real | None, lines: list[str]
) -> None:
    """Draw the illumination where the truth has no error to show, and a few lines below it."""
    below.set_axis_off()
    # Text has the same height in any panel: places are counted from its top edge in inches.
    inch = 1 / (below.get_position().height * figure.get_figheight())
    if illumination is None:
        axis.set_axis_off()
    else:
        shown = _show(axis, illumination, Scale("gray", 0.0, float(np.nanmax(illumination))))
        axis.set_title("Illumination", fontsize=9)
        bar = below.inset_axes((0.04, 1 + 0.1 * inch, 0.92, 0.08 * inch))
        bar.tick_params(labelsize=8)
        figure.colorbar(shown, cax=bar, orientation="horizontal")
        bar.set_xlabel("photons / px", fontsize=8, labelpad=1)
    text, top = "\n".join(lines), 1 - 0.3 * inch
    below.text(0.0, top, text, fontsize=7, va="top", family="monospace", linespacing=1.4)


def control_lines(results: Mapping[str, ModelResult]) -> list[str]:
    """Return a small table of what has no panel: amplitude and phase of two metrics a line."""

    def cells(result: ModelResult, metric: Metric) -> str:
        values = [result.value(metric.name, part) for part in PARTS]
        return "".join("     –" if value is None else f" {value:5.3f}" for value in values)

    return [
        f"{'controls':12}{MS_SSIM.label:^12}  {MAE.label:^12}".rstrip(),
        f"{'':12}{' ampl. phase'}  {' ampl. phase'}",
        *(
            f"{model:12}{cells(result, MS_SSIM)}  {cells(result, MAE)}"
            for model, result in results.items()
        ),
    ]


def _write_titles(
    axes: NDArray[np.object_], results: Mapping[str, ModelResult], first: str
) -> None:
    """Write names and scores over the panels."""
    for row, part in enumerate(PARTS):
        axes[row, 0].set_title(first, fontsize=9)
        for column, (model, result) in enumerate(results.items(), start=1):
            scores = ", ".join(_score_text(result, metric, part) for metric in (MS_SSIM, MAE))
            axes[row, column].set_title(f"{model}\n{scores}", fontsize=9)


def _score_text(result: ModelResult, metric: Metric, part: str) -> str:
    """Return a score as a title has it, such as `MAE 0.012 rad`."""
    value = result.value(metric.name, part)
    if value is None:
        return f"{metric.label} undefined"
    return f"{metric.label} {value:.3f} {metric.unit_of(part)}".rstrip()


def _outline(axis: Axes, reference: ReferenceObject, window: tuple[slice, slice]) -> None:
    """Draw the rectangle of SSIM and MS-SSIM."""
    rows, columns = reference.rectangle
    corner = (columns.start - window[1].start - 0.5, rows.start - window[0].start - 0.5)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    axis.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", lw=1.0, ls="--"))


def _bar_length(longest_px: float, object_pixel_m: float | None) -> tuple[float, str]:
    """Return a round length [px] and its text."""
    if object_pixel_m is None:
        power = 10.0 ** np.floor(np.log10(longest_px))
        length_px = float(max(step * power for step in (1, 2, 5) if step * power <= longest_px))
        return length_px, f"{length_px:g} px"
    length_m, text = round_length(longest_px * object_pixel_m)
    return length_m / object_pixel_m, text


def _scale_bar(figure: Figure, axis: Axes, object_pixel_m: float | None) -> None:
    """Draw a bar of a round length, about a quarter of the panel, in metres or in pixels."""
    width_px = float(np.ptp(axis.get_xlim()))
    height_px = float(np.ptp(axis.get_ylim()))
    length_px, text = _bar_length(width_px / 4, object_pixel_m)
    left, bottom = 0.06 * width_px, 0.93 * height_px
    sides_inch = axis.get_position().size * figure.get_size_inches()
    # Text has the same height in any panel, and so has what lies behind it.
    inch = max(width_px / sides_inch[0], height_px / sides_inch[1])
    back = (left - 0.02 * width_px, bottom - 0.2 * inch)
    box = (length_px + 0.04 * width_px, 0.25 * inch)
    axis.add_patch(Rectangle(back, *box, facecolor="black", alpha=0.55, lw=0))
    axis.plot(
        [left, left + length_px], [bottom, bottom], color="white", lw=3, solid_capstyle="butt"
    )
    middle = (left + length_px / 2, bottom - 0.04 * inch)
    axis.text(*middle, text, color="white", ha="center", va="bottom", fontsize=8)
