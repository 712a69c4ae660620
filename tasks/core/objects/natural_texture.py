"""Natural textures: parts of the photographs and micrographs that scikit-image ships."""

import numpy as np
from scipy.ndimage import zoom

from tasks.core import Indices, Real64

# Those within the package and with detail all over: others would be downloaded, or are smooth.
IMAGES = (
    "astronaut",
    "brick",
    "camera",
    "cell",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "immunohistochemistry",
    "moon",
    "page",
    "text",
)
LARGEST_ZOOM = 2.0
STRETCHED_PERCENTILES = (1.0, 99.0)


def natural_texture(shape: tuple[int, int], rng: np.random.Generator, _options: object) -> Real64:
    """Return an amplitude from one image and a phase from another, both drawn at random.

    An image that is smaller than the object is enlarged up to twofold, and beyond that continued
    by its mirror images, which leaves no seam. Where the object begins in it is drawn too.
    """
    chosen = rng.choice(len(IMAGES), size=2, replace=False)
    starts = rng.uniform(0, 1, size=(2, 2))
    parts = [
        _mirrored_part(_enlarge(_read_image(IMAGES[index]), shape), shape, start)
        for index, start in zip(chosen, starts, strict=True)
    ]
    return np.stack([_stretch(part) for part in parts])


def _read_image(name: str) -> Real64:
    """Return a shipped image in grey, shape (H, W)."""
    # Imported here, since most runs need none of it.
    from skimage import data

    image = np.asarray(getattr(data, name)(), dtype=np.float64)
    return image.mean(axis=-1) if image.ndim == 3 else image


def _enlarge(image: Real64, shape: tuple[int, int]) -> Real64:
    """Enlarge an image until it covers a shape, twofold at most."""
    factor = max(wanted / side for wanted, side in zip(shape, image.shape, strict=True))
    return image if factor <= 1 else np.asarray(zoom(image, min(factor, LARGEST_ZOOM), order=1))


def _mirrored_part(image: Real64, shape: tuple[int, int], start: Real64) -> Real64:
    """Cut a part out of an image that its mirror images continue; the start is a fraction."""
    rows, columns = (
        _mirrored_indices(image.shape[axis], shape[axis], start[axis]) for axis in range(2)
    )
    return image[np.ix_(rows, columns)]


def _mirrored_indices(image_px: int, part_px: int, start: float) -> Indices:
    room = image_px - part_px if part_px <= image_px else 2 * image_px
    index = (int(start * room) + np.arange(part_px)) % (2 * image_px)
    return np.minimum(index, 2 * image_px - 1 - index)


def _stretch(part: Real64) -> Real64:
    """Map the part's own grey values onto [0, 1], but for a few outliers."""
    darkest, brightest = np.percentile(part, STRETCHED_PERCENTILES)
    return np.asarray(np.clip((part - darkest) / max(brightest - darkest, 1.0), 0, 1))
