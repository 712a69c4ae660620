"""Placing an object: where its file says, or where it is found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tasks.compare.alignment.gauge import LEAST_DETAIL_CORRELATION
from tasks.compare.placement.finding import best_fits
from tasks.compare.placement.fitting import Fit, central_fit, correlation_of
from tasks.compare.placement.orientation import ORIENTATIONS, Orientation
from tasks.compare.placement.pose import ObjectFeatures, Pose
from tasks.core import Complex
from tasks.core.files.object_file import ObjectWindow
from tasks.object_readers.stored_object import StoredObject

# Name of a placement among the facts of an object.
PLACEMENT = "placement"
FROM_FILE, FOUND = "from the file", "found"
EQUAL_PIXELS = "equal pixels"
LEAST_LEAD = 0.02
# So little says that conjugation changes nothing.
SAME_LEAD = 0.002
# Pixels that differ by more are not compared, by less not resampled.
MOST_SCALE, SAME_PIXEL = 4.0, 1e-3


class NotPlacedError(ValueError):
    """An object has no place: why, and what `score` can be told to cure it."""

    def __init__(self, why: str, cure: str) -> None:
        super().__init__(f"{why} {cure}")
        self.why, self.cure = why, cure


@dataclass(frozen=True)
class Placement:
    """An object in the frame of a base, and how it came there.

    Attributes:
        window: The object on the pixels of the base.
        pose: What was done to it.
        source: `from the file` or `found`.
        scale_source: `pixel sizes`, `fitted` or `equal pixels`.
        correlation: How well it fits the base, 0 to 1.
        next_correlation: That of the best other orientation, -1 to 1; None where none was tried.
        note: What a reader must know of it, without a full stop; empty for nothing.
    """

    window: ObjectWindow
    pose: Pose
    source: str
    scale_source: str
    correlation: float
    next_correlation: float | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """It in words."""
        what = [f"place {self.source}", self.pose.orientation.text]
        if self.pose.scale != 1:
            what.append(f"pixels x {self.pose.scale:.5g} ({self.scale_source})")
        what.append(f"correlation {self.correlation:.3f}")
        return ", ".join([*what, *([self.note] if self.note else [])])

    @property
    def record(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "source": self.source,
            **asdict(self.pose.orientation),
            "orientation": self.pose.orientation.text,
            "scale": self.pose.scale,
            "scale_source": self.scale_source,
            "origin_px": list(self.pose.origin),
            "correlation": self.correlation,
            "next_correlation": self.next_correlation,
            "note": self.note,
        }


def placed_by_file(
    base: ObjectWindow, object_: Complex, origin_px: tuple[float, float], scale: float | None
) -> Placement:
    """Place an object where its file says.

    Args:
        base: The object that it is held against.
        object_: Its values, shape (h, w).
        origin_px: Place of its first pixel in the frame of the base (y, x), in the base's pixels.
        scale: Side of its pixels over that of the base; equal pixels if None.
    """
    pose, stored = Pose(scale=scale or 1.0, origin=origin_px), ObjectFeatures(object_)
    row, column = (at - corner for at, corner in zip(origin_px, base.origin_px, strict=True))
    fit = central_fit(base.object_, stored, replace(pose, origin=(row, column)))
    how = EQUAL_PIXELS if scale is None else "pixel sizes"
    return Placement(pose.lay(stored), pose, FROM_FILE, how, correlation_of(fit))


def found_place(
    base: ObjectWindow,
    object_: Complex,
    scale: float | None,
    name: str,
    orientations: Sequence[Orientation] = ORIENTATIONS,
) -> Placement:
    """Look for an object in a base, in some orientations.

    Args:
        base: The object that it is held against.
        object_: Its values, shape (h, w).
        scale: Side of its pixels over that of the base; fitted if None.
        name: What to call it in messages.
        orientations: The orientations that it may have.

    Raises:
        NotPlacedError: If it shows too little of the base, or fits as well in another orientation.
    """
    sought, is_free = ObjectFeatures(object_), scale is None
    found = best_fits(ObjectFeatures(base.object_), sought, scale, orientations)
    pose, correlation = found[0]
    if correlation < LEAST_DETAIL_CORRELATION:
        raise NotPlacedError(
            f"{name} is not found in the object that it is held against: the best of "
            f"{len(orientations)} orientations{' and all scales' if is_free else ''} correlates by "
            f"{correlation:.2f}, at least {LEAST_DETAIL_CORRELATION:g} is needed. It may show "
            f"another sample, or another pixel size.",
            "Give --pixel-size.",
        )
    following = found[1][1] if len(found) > 1 else None
    if following is not None and correlation - following < LEAST_LEAD:
        if not _is_real(found):
            raise NotPlacedError(
                f"How {name} is turned cannot be decided: '{pose.orientation.text}' correlates by "
                f"{correlation:.3f} and '{found[1][0].orientation.text}' by {following:.3f}. The "
                f"object is symmetric or shows too little.",
                "Bring it into the right orientation, and give --orientation as-is.",
            )
        pose = min(pose, found[1][0], key=lambda one: one.orientation)
    window = pose.lay(sought)
    row, column = (at + corner for at, corner in zip(window.origin_px, base.origin_px, strict=True))
    how = "fitted" if is_free else "pixel sizes"
    placed_there = ObjectWindow(window.object_, (row, column))
    return Placement(placed_there, pose, FOUND, how, correlation, following)


def pixel_scale(name: str, pixel_m: float | None, base_m: float | None) -> float | None:
    """Return the side of an object's pixel over the base's; None where one is not known.

    NotPlacedError if they differ by more than a factor of four.
    """
    if pixel_m is None or base_m is None:
        return None
    scale = pixel_m / base_m
    if not 1 / MOST_SCALE <= scale <= MOST_SCALE:
        raise NotPlacedError(
            f"{name} has pixels of {pixel_m:g} m, what it is held against of {base_m:g} m: they "
            f"differ by more than a factor of {MOST_SCALE:g}, too much to compare them.",
            "Correct the pixel size in the file, or by --pixel-size.",
        )
    return 1.0 if abs(scale - 1) < SAME_PIXEL else scale


def placed(
    base: ObjectWindow,
    stored: StoredObject,
    scale: float | None,
    name: str,
    orientations: Sequence[Orientation] = ORIENTATIONS,
) -> Placement:
    """Place an object where its file says, or where that does not fit or is not said, by a search.

    Args:
        base: The object that it is held against, in the frame of the file's positions.
        stored: What the file holds.
        scale: Side of its pixels over that of the base; fitted if None.
        name: What to call it in messages.
        orientations: The orientations that it may have where it is looked for.

    Raises:
        NotPlacedError: As `found_place`, where the file does not say a place inside of the base.
    """
    by_file = stated_place(base, stored, scale)
    if by_file is not None and by_file.correlation >= LEAST_DETAIL_CORRELATION:
        return by_file
    misfit = "" if by_file is None else f"fits {by_file.correlation:.2f} where its file says"
    try:
        found = found_place(base, stored.object_, scale, name, orientations)
        return replace(found, note=f"{misfit}, so it was looked for" if misfit else "")
    except NotPlacedError:
        # What its file says stands, however little it resembles the other.
        if by_file is not None and _overlaps(base, by_file.window):
            return replace(by_file, note=f"{misfit}, and was not found elsewhere either")
        raise


def stated_place(base: ObjectWindow, stored: StoredObject, scale: float | None) -> Placement | None:
    """Return an object where its file says; None where it does not."""
    if stored.origin_px is None:
        return None
    row, column = (place * (scale or 1.0) for place in stored.origin_px)
    return placed_by_file(base, stored.object_, (row, column), scale)


def _overlaps(one: ObjectWindow, other: ObjectWindow) -> bool:
    """Tell whether two windows share a pixel."""
    return bool(np.isfinite(other.cut(one.window)).any())


def _is_real(found: Sequence[Fit]) -> bool:
    """Tell whether the best pose has but its twin beside it, as of a real object."""
    (first, one), *others = found
    near = [(pose, fit) for pose, fit in others if one - fit < LEAST_LEAD]
    is_twin = [pose.orientation for pose, _ in near] == [first.orientation.twin]
    return is_twin and one - near[0][1] < SAME_LEAD
