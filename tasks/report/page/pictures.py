"""Images of objects as small pictures inside a page: one byte a pixel, exact colours."""

import base64
import io

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.figures import Scale

Real = NDArray[np.floating]
# The last of the 256 colours of a picture says that a pixel is not scored.
N_COLOURS = 255
UNSCORED = 255
COMPRESSION = 9
BYTES_PER_PIXEL = 1.35  # of noise, after compression and base64


def picture_source(values: Real, scale: Scale) -> str:
    """Return an image as a `data:` address of a PNG; equal images give equal text.

    Args:
        values: What is shown, NaN where a pixel is not scored, shape (H, W).
        scale: Its colours.
    """
    fractions = np.round(scale.fractions(values) * (N_COLOURS - 1))
    return _png(np.where(np.isfinite(fractions), fractions, UNSCORED).astype(np.uint8), scale)


def colour_bar_source(scale: Scale) -> str:
    """Return the colours of a scale, from left to right, as a `data:` address of a PNG."""
    return _png(np.arange(N_COLOURS, dtype=np.uint8)[None], scale)


def shrink_factor(n_pixels: int, budget_bytes: float) -> int:
    """Return by how much pictures must shrink, side by side, to fit a budget.

    Args:
        n_pixels: Pixels of all pictures together.
        budget_bytes: Characters that they may take in the page.
    """
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
