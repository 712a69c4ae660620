"""Truth and aligned reconstructions of a comparison, as `reconstructions_aligned.npz` has them."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.reconstructions import RECONSTRUCTIONS

TRUTH, REFERENCE = "truth", "reference"
Complex = NDArray[np.complexfloating]


@dataclass(frozen=True)
class AlignedImages:
    """Images in one frame and one gauge.

    Attributes:
        truth: True object, or the reference of a measured scan, shape (H, W).
        mask: Scored pixels, shape (H, W).
        rectangle: Rows and columns of the similarities: first and last + 1 of each.
        images: Reconstructions by model, arms first, shape (H, W) each.
    """

    truth: Complex
    mask: NDArray[np.bool_]
    rectangle: tuple[int, int, int, int]
    images: Mapping[str, Complex]
    title: str = "Truth"


def read_aligned(path: Path) -> AlignedImages:
    """Read the file and trust nothing in it.

    Raises:
        ValueError: If it is damaged, an array is missing or has another shape or kind, or no
            pixel is scored.
    """
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
