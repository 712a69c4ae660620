"""Truth and reconstructions of a comparison, and how they become small pictures inside a page.

`reconstructions_aligned.npz` has them in one frame. A picture is a PNG of one byte a pixel, its
colours exact.
"""

import base64
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.figures import Scale

TRUTH, REFERENCE = "truth", "reference"
# The last of the 256 colours of a picture says that a pixel is not scored.
N_COLOURS = 255
UNSCORED = 255
COMPRESSION = 9
BYTES_PER_PIXEL = 1.35  # of noise, after compression and base64
Complex = NDArray[np.complexfloating]
Real = NDArray[np.floating]


@dataclass(frozen=True)
class AlignedImages:
    """Images in one frame and one gauge, shape (H, W) each, arms first.

    The rectangle has rows and columns of the similarities: first and last + 1 of each. Of a
    measured scan the truth is the reference.
    """

    truth: Complex
    mask: NDArray[np.bool_]
    rectangle: tuple[int, int, int, int]
    images: Mapping[str, Complex]
    title: str = "Truth"


def read_aligned(path: Path) -> AlignedImages:
    """Read the file and trust nothing in it; raises ValueError on whatever cannot be shown."""
    try:
        # NumPy leaves a damaged file open that it has opened itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"not a whole NPZ file: {error}") from error
    # Of a measured scan nobody knows the truth: the reference stands in its place.
    title = REFERENCE if REFERENCE in arrays else TRUTH
    missing = {title, "mask", "rectangle_px"} - set(arrays)
    if missing:
        raise ValueError(f"arrays missing: {', '.join(sorted(missing))}")
    truth, mask = arrays[title], arrays["mask"].astype(bool)
    names = (entry.name for entry in RECONSTRUCTIONS.with_stages)
    images = {name: arrays[name] for name in names if name in arrays}
    for name, image in {"truth": truth, **images}.items():
        if not np.iscomplexobj(image) or image.shape != mask.shape or image.ndim != 2:
            raise ValueError(
                f"{name} must be complex with the mask's shape {mask.shape}, got {image.dtype} "
                f"{image.shape}"
            )
    if not np.isfinite(truth[mask]).all() or not mask.any():
        raise ValueError("the truth must be finite in the scored pixels, at least one")
    top, bottom, left, right = (int(edge) for edge in arrays["rectangle_px"].ravel()[:4])
    known = {model: np.where(np.isfinite(image), image, np.nan) for model, image in images.items()}
    return AlignedImages(truth, mask, (top, bottom, left, right), known, title.capitalize())


def picture_source(values: Real, scale: Scale) -> str:
    """Return an image as a `data:` address of a PNG; equal images give equal text."""
    fractions = np.round(scale.fractions(values) * (N_COLOURS - 1))
    return _png(np.where(np.isfinite(fractions), fractions, UNSCORED).astype(np.uint8), scale)


def colour_bar_source(scale: Scale) -> str:
    """Return the colours of a scale, from left to right, as a `data:` address of a PNG."""
    return _png(np.arange(N_COLOURS, dtype=np.uint8)[None], scale)


def shrink_factor(n_pixels: int, budget_bytes: float) -> int:
    """Return by how much pictures must shrink, side by side, to fit a budget."""
    return max(1, int(np.ceil(np.sqrt(n_pixels * BYTES_PER_PIXEL / budget_bytes))))


def shrunk(values: Real, factor: int) -> Real:
    """Return an image of every n-th pixel in both directions; an average would hide the noise."""
    return values[factor // 2 :: factor, factor // 2 :: factor]


def _png(indices: NDArray[np.uint8], scale: Scale) -> str:
    colours = mpl.colormaps[scale.colour_map](np.linspace(0, 1, N_COLOURS))[:, :3]
    palette = np.zeros((256, 3), dtype=np.uint8)
    palette[:N_COLOURS] = np.round(255 * colours)
    image = Image.fromarray(indices).convert("L")
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", transparency=UNSCORED, compress_level=COMPRESSION)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
