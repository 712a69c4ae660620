"""What the page reads of one comparison: its images and `comparison.json`.

Of a measured scan how fine the arms see, and how far they are apart; of iterates when a start that
a network has learned paid off.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.headline import OBJECT_ERROR, SOLVER
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core import Complex
from tasks.report.records.comparison_files import read_comparison
from tasks.report.statistics.summary import REFERENCE, TRUTH
from tasks.report.texts.text_tables import DASH, fixed

RESOLUTION_HEADER = ("model", "half period [px]", "half period [nm]", "why not")
AGREEMENT_HEADER = ("between", "relative complex", "amplitude", "phase [rad]")
PLACEMENT_HEADER = (
    *("model", "format", "place", "orientation", "pixels", "first pixel (y, x)", "correlation"),
    *("next best", "note"),
)
QUALITY_HEADER = (
    "run",
    f"last {OBJECT_ERROR.label}",
    f"epochs to {SOLVER.name}'s end",
    f"{SOLVER.name}'s epochs to its end",
)


@dataclass(frozen=True)
class ComparisonNotes:
    """What `comparison.json` tells; rows are empty where it has none."""

    measured_against: str = TRUTH
    criterion: str = ""
    resolution_rows: tuple[list[str], ...] = ()
    agreement_rows: tuple[list[str], ...] = ()
    quality_rows: tuple[list[str], ...] = ()
    placement_rows: tuple[list[str], ...] = ()


def read_notes(path: Path) -> ComparisonNotes:
    """Return what the page shows of `comparison.json`; raises ValueError if it is not one."""
    found = read_comparison(path)
    resolutions = found.resolution.models if found.resolution else {}
    entries = RECONSTRUCTIONS.entries
    learned = {
        model: quality
        for model, quality in found.iterations_to_quality.items()
        if model in entries and entries[model].is_network
    }
    return ComparisonNotes(
        found.measured_against,
        found.resolution.criterion if found.resolution else "",
        tuple(
            [model, _length(one.half_period_px), _length(one.half_period_nm), one.reason or ""]
            for model, one in resolutions.items()
        ),
        tuple(
            [
                pair,
                fixed(one.relative_complex_difference),
                fixed(one.amplitude_difference),
                fixed(one.phase_difference_rad),
            ]
            for pair, one in found.agreement.items()
        ),
        tuple(
            [model, fixed(one.final_complex_nrmse), _count(one.epochs), _count(one.ptychi_epochs)]
            for model, one in learned.items()
        ),
        tuple(
            [
                model,
                one.format,
                one.source,
                one.orientation,
                f"x {one.scale:.5g} ({one.scale_source})",
                ", ".join(f"{place:.2f}" for place in one.origin_px),
                fixed(one.correlation),
                fixed(one.next_correlation),
                one.note,
            ]
            for model, one in found.placements.items()
        ),
    )


def _length(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"


def _count(epochs: int | None) -> str:
    return DASH if epochs is None else str(epochs)


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
