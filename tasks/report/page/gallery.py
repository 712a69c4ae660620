"""Truth, reconstructions and errors of a comparison, as pictures on common scales."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.catalogue.headline import ERROR, SIMILARITY
from tasks.core import Real
from tasks.core.geometry.patches import bounding_box
from tasks.core.physics.forward import phase_from_minimum, phase_on_branch, wrap
from tasks.figures import Scale, amplitude_scale, error_scale, phase_scale, round_length
from tasks.report.page.comparison_file import AlignedImages
from tasks.report.texts.text_tables import fixed

# The last of the 256 colours of a picture says that a pixel is not scored.
N_COLOURS = 255
UNSCORED = 255
COMPRESSION = 9
BYTES_PER_PIXEL = 1.35  # of noise, after compression and base64
REFERENCE_TITLES = ("Truth", "Reference")
UNITS = {"amplitude": "", "phase": " rad"}
Scores = Mapping[tuple[str, str, str], float | None]


@dataclass(frozen=True)
class Picture:
    """One picture: what it shows, its address, and its caption."""

    model: str
    part: str
    source: str
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True)
class PictureRow:
    """Pictures on one scale."""

    title: str
    pictures: tuple[Picture, ...]
    bar_source: str
    limits: tuple[str, str]


@dataclass(frozen=True)
class Gallery:
    """All pictures of a comparison: amplitude, phase, and their errors.

    Attributes:
        outline: Rectangle of the similarities: left, top, width, height [% of a picture].
        bar: Width of the scale bar [% of a picture] and its text.
        shrink: One pixel of a picture is so many of the object.
    """

    rows: tuple[PictureRow, ...]
    outline: tuple[float, float, float, float]
    bar: tuple[float, str]
    shrink: int

    @property
    def models(self) -> list[str]:
        """What can be held against each other."""
        return [picture.model for picture in self.rows[0].pictures]


def make_gallery(
    aligned: AlignedImages, scores: Scores, object_pixel_m: float | None, budget_bytes: float
) -> Gallery:
    """Return the pictures of a comparison, within a budget of characters.

    Without the side of an object pixel [m] the scale bar is in pixels.
    """
    window = bounding_box(aligned.mask)
    height, width = aligned.mask[window].shape
    n_pixels = (4 * len(aligned.images) + 2) * height * width
    shrink = max(1, int(np.ceil(np.sqrt(n_pixels * BYTES_PER_PIXEL / budget_bytes))))
    rows = []
    for error in (False, True):
        for part, (truth, images) in _parts(aligned).items():
            values = {aligned.title: truth, **images}
            if error:
                values = {model: _error(image, truth, part) for model, image in images.items()}
            rows.append(_row(values, part, error, (aligned, shrink), scores))
    shown = tuple(row for row in rows if row.pictures)
    return Gallery(shown, _outline(aligned, window), _bar(width, object_pixel_m), shrink)


def _parts(aligned: AlignedImages) -> dict[str, tuple[Real, dict[str, Real]]]:
    """Return truth and reconstructions, amplitude and phase [rad]."""
    truth, true_phase = aligned.truth, phase_from_minimum(aligned.truth, aligned.mask)
    images = aligned.images.items()
    return {
        "amplitude": (np.abs(truth), {model: np.abs(image) for model, image in images}),
        "phase": (
            true_phase,
            {model: phase_on_branch(image, np.angle(truth), true_phase) for model, image in images},
        ),
    }


def _error(image: Real, truth: Real, part: str) -> Real:
    difference = image - truth
    return np.abs(wrap(difference) if part == "phase" else difference)


def _row(
    values: Mapping[str, Real],
    part: str,
    error: bool,
    frame: tuple[AlignedImages, int],
    scores: Scores,
) -> PictureRow:
    """Return the pictures of one part, on one scale; the truth's range, or from 0 for errors."""
    aligned, shrink = frame
    window, unit = bounding_box(aligned.mask), UNITS[part]
    # An average over pixels would hide the noise.
    every_nth = slice(shrink // 2, None, shrink)
    scale = _scale(values, part, error, aligned.mask)
    pictures = []
    for model, image in values.items():
        shown = np.where(aligned.mask, image, np.nan)[window][every_nth, every_nth]
        what = f"absolute error of the {part}" if error else part
        pictures.append(
            Picture(
                model=model,
                part=f"{part}-error" if error else part,
                source=_picture_source(shown, scale),
                alt=f"{what.capitalize()}, {model}",
                caption=_caption(model, part, error, scores),
                width=shown.shape[1],
                height=shown.shape[0],
            )
        )
    title = f"Absolute error of the {part}" if error else part.capitalize()
    limits = (f"{scale.smallest:.3g}{unit}", f"{scale.largest:.3g}{unit}")
    colours = np.arange(N_COLOURS, dtype=np.uint8)[None]
    return PictureRow(title, tuple(pictures), _png(colours, scale), limits)


def _scale(values: Mapping[str, Real], part: str, error: bool, mask: NDArray[np.bool_]) -> Scale:
    scored = [image[mask] for image in values.values()]
    if error:
        finite = [image[np.isfinite(image)] for image in scored]
        return error_scale(finite or [np.zeros(1)])
    return amplitude_scale(scored[0]) if part == "amplitude" else phase_scale(scored[0])


def _caption(model: str, part: str, error: bool, scores: Scores) -> str:
    """Return the scores below a picture, as the table has them."""
    if model in REFERENCE_TITLES:
        return ""
    text = f"{ERROR.label} {fixed(scores.get((model, ERROR.name, part)))}{UNITS[part]}"
    text = text.replace(" ", "\N{NO-BREAK SPACE}")
    if error:
        return text
    return f"{SIMILARITY.label} {fixed(scores.get((model, SIMILARITY.name, part)))}, {text}"


def _outline(
    aligned: AlignedImages, window: tuple[slice, slice]
) -> tuple[float, float, float, float]:
    top, bottom, left, right = aligned.rectangle
    height, width = aligned.mask[window].shape
    return (
        100 * (left - window[1].start) / width,
        100 * (top - window[0].start) / height,
        100 * (right - left) / width,
        100 * (bottom - top) / height,
    )


def _bar(width_px: int, object_pixel_m: float | None) -> tuple[float, str]:
    """Return a scale bar of a round length, at most a quarter of the picture."""
    if object_pixel_m is None:
        length_px = float(10 ** np.floor(np.log10(max(width_px / 4, 1))))
        return 100 * length_px / width_px, f"{length_px:g} px"
    length_m, text = round_length(width_px * object_pixel_m / 4)
    return 100 * length_m / object_pixel_m / width_px, text


def _picture_source(values: Real, scale: Scale) -> str:
    """Return an image as a `data:` address of a PNG; equal images give equal text."""
    fractions = np.round(scale.fractions(values) * (N_COLOURS - 1))
    return _png(np.where(np.isfinite(fractions), fractions, UNSCORED).astype(np.uint8), scale)


def _png(indices: NDArray[np.uint8], scale: Scale) -> str:
    colours = mpl.colormaps[scale.colour_map](np.linspace(0, 1, N_COLOURS))[:, :3]
    palette = np.zeros((256, 3), dtype=np.uint8)
    palette[:N_COLOURS] = np.round(255 * colours)
    image = Image.fromarray(indices).convert("L")
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", transparency=UNSCORED, compress_level=COMPRESSION)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
