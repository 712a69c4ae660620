"""What a file states of a scan, in its own words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex, Indices, Mask, Real64
from tasks.ingest.file_options import MaskSense, Moves, Order, Values, ZeroFrequency
from tasks.ingest.files.frame_masks import MaskLoss, mask_loss
from tasks.ingest.files.patterns import Patterns, array_patterns

LARGEST_VALUE = 1e30
LARGEST_COUNTABLE = 1e15
# The largest integers of 32 bits, and what single precision makes of them; those of 64 bits are
# above the largest countable value.
MARKERS = (2.0**31 - 1, 2.0**31, 2.0**32 - 1, 2.0**32)


def is_marker(values: NDArray[Any]) -> Mask:
    """Return where stored values are the largest integer of a type: no detector counts so far."""
    is_small = values.dtype.kind in "iu" and values.dtype.itemsize < 4
    if is_small or not np.any(values >= MARKERS[0]):
        return np.zeros(values.shape, dtype=np.bool_)
    return np.asarray(np.isin(values, MARKERS))


@dataclass(frozen=True)
class FilePositions:
    """Positions as they are stored, one row or one column for each, nothing converted.

    Attributes:
        values: Shape (K, 2), (K, 3) with an axis along the beam, (2, K), (3, K), or (L, M, 2 or 3)
            for a raster.
        unit: Length that the values are in, or `px`; None: nobody says.
        moves: Whose positions they are.
        order: Order of the columns; None: nobody says.
        are_apart: Whether y and x are two arrays, so that there is no order to state.
        is_unit_stated: Whether the file itself names the unit, or the format alone does.
        axes: Turns positions (y, x) of the file into rows and columns of the detector, shape
            (2, 2); None: they are the same.
        placeholder_pixel_m: Side of an object pixel that the file calls by a length though no
            length is known [m].
        indexes: Which pattern each belongs to, shape (K,), see `FileScan.pattern_indexes`; None:
            they are in the order of the patterns.
        where: What to call them in messages.
    """

    values: Real64
    unit: str | None
    moves: Moves
    order: Order | None = Order.YX
    is_unit_stated: bool = False
    are_apart: bool = False
    axes: Real64 | None = None
    placeholder_pixel_m: float | None = None
    indexes: NDArray[Any] | None = None
    where: str = "The positions"


@dataclass(frozen=True)
class FileMask:
    """Mask of the detector as it is stored: one, or one for each pattern.

    Attributes:
        parts: Stacks of masks, (1, H, W) or (J, H, W) each.
        sense: Which values can be trusted; None: nobody says.
        harmless_bits: Bits that are no fault where zero is good.
    """

    parts: tuple[Patterns, ...]
    sense: MaskSense | None
    harmless_bits: int = 0

    @classmethod
    def of(
        cls, values: NDArray[Any], sense: MaskSense | None, harmless_bits: int = 0
    ) -> "FileMask":
        """Return the mask of an array (..., H, W)."""
        if values.ndim < 2:
            raise ValueError(
                f"The mask has the shape {values.shape}, expected (H, W), or (J, H, W) with one "
                f"mask for each pattern. Give the mask of this detector."
            )
        stack = values.reshape(-1, *values.shape[-2:])
        return cls((array_patterns(stack, "nyx"),), sense, harmless_bits)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns (H, W)."""
        return self.parts[0].shape[1:]

    def good(self, sense: MaskSense, used: Mask | None = None) -> tuple[Mask, Indices]:
        """Return the pixels that can be trusted in every pattern that is used, shape (H, W).

        Patterns that are masked as a whole, whose indices (K,) come second, say nothing of pixels.
        Masks that are not one for each of the patterns (J,) count whatever is used.
        """
        good, blank = np.ones(self.shape, dtype=np.bool_), []
        is_each = used is not None and self._are_of_each(len(used))
        for start, is_stack, trusted in self._all(sense):
            is_blank = ~trusted.any(axis=(1, 2)) & is_stack
            counts = ~is_blank
            if used is not None and is_each:
                counts &= used[start : start + len(trusted)]
            good &= trusted[counts].all(axis=0)
            blank.append(start + np.flatnonzero(is_blank))
        return good, np.concatenate(blank).astype(np.intp)

    def loss(self, sense: MaskSense, used: Mask) -> MaskLoss | None:
        """Return what is lost by one mask for the patterns that are used (J,); None: little."""
        if len(used) < 2 or not self._are_of_each(len(used)):
            return None
        return mask_loss(lambda: ((start, part) for start, _, part in self._all(sense)), used)

    def _are_of_each(self, n_patterns: int) -> bool:
        return sum(stack.shape[0] for stack in self.parts) == n_patterns

    def _all(self, sense: MaskSense) -> Iterator[tuple[int, bool, Mask]]:
        """Yield where masks start, whether they are several, and what they trust, (any, H, W)."""
        first = 0
        for stack in self.parts:
            for start, values in stack.parts():
                yield first + start, stack.shape[0] > 1, self._trusted(values, sense)
            first += stack.shape[0]

    def _trusted(self, values: NDArray[Any], sense: MaskSense) -> Mask:
        if sense is MaskSense.NONZERO_IS_GOOD:
            return np.asarray(values != 0)
        if self.harmless_bits and values.dtype.kind in "iu":
            return np.asarray((values.astype(np.int64) & ~np.int64(self.harmless_bits)) == 0)
        return np.asarray(values == 0)


@dataclass(frozen=True)
class FileScan:
    """What a file states of a scan; None for what it does not state.

    Attributes:
        positions: Positions as stored; None: the file has the patterns alone.
        object_pixel_m: Side of an object pixel for the stored patterns [m].
        dark: Dark frame (H, W), or a stack of them, in the unit of the patterns.
        probe_modes: Incoherent modes of a probe, any scale, centred, shape (M, N, N).
        geometry_unknown: Whether the file says that energy, distance and pixel are not known.
        pattern_indexes: Number of each pattern, shape (J,), that positions refer to; None: 0, 1...
        missing_numbers: Numbers between those of `pattern_indexes` whose patterns are not there.
        far_field: Whether the file says that patterns are far-field ones.
        positions_sought: Where positions were looked for, for a message that they are missing.
        origins: Where in the file each of these was found.
    """

    patterns: Patterns
    positions: FilePositions | None
    values: Values = Values.INTENSITY
    zero_frequency: ZeroFrequency = ZeroFrequency.CENTRE
    energy_ev: float | None = None
    distance_m: float | None = None
    detector_pixel_m: float | None = None
    object_pixel_m: float | None = None
    mask: FileMask | None = None
    dark: NDArray[Any] | None = None
    probe_modes: Complex | None = None
    geometry_unknown: bool = False
    pattern_indexes: NDArray[Any] | None = None
    missing_numbers: tuple[int, ...] = ()
    far_field: bool | None = None
    positions_sought: str = ""
    origins: dict[str, str] = field(default_factory=dict)


Fact = TypeVar("Fact")


def unless_given(given: object, read: Callable[[], Fact]) -> Fact | None:
    """Return a fact of the file; None where it cannot be read, but was given as an option."""
    if given is None:
        return read()
    try:
        return read()
    except ValueError:
        return None


def probe_modes_of(values: NDArray[Any], where: str) -> Complex:
    """Return a stored probe as modes (M, N, N), the strongest first; `where` is what to call it.

    Programs store (N, N), (M, N, N), or more axes in front: those of length one are dropped, and of
    several coherent variations (K, M, N, N) the first, the mean probe, is taken. ValueError if it
    is no finite square field with light in it.
    """
    modes = values
    while modes.ndim > 3:
        modes = modes[0]
    modes = modes[None] if modes.ndim == 2 else modes
    if modes.ndim != 3 or modes.shape[-1] != modes.shape[-2] or not len(modes):
        raise ValueError(
            f"{where} has the shape {values.shape}, expected a square probe (N, N) or modes "
            f"(M, N, N). Leave it out with --probe.origin estimated, or save it again."
        )
    is_number = modes.dtype.kind in "cfiu"
    if not is_number or not np.all(np.abs(modes) < LARGEST_VALUE) or not np.any(modes):
        raise ValueError(
            f"{where} is no probe: its values ({modes.dtype}) are not finite numbers, or all zero. "
            f"Leave it out with --probe.origin estimated, or save it again."
        )
    modes = modes.astype(np.complex128)
    strongest = np.argsort(-np.sum(np.abs(modes) ** 2, axis=(1, 2)), kind="stable")
    return np.asarray(modes[strongest])


def columns(y: NDArray[Any], x: NDArray[Any]) -> Real64:
    """Return positions (y, x), shape (J, 2), of two arrays of any shape."""
    if y.size != x.size:
        raise ValueError(
            f"The file has {y.size} positions along y and {x.size} along x, expected as many. "
            f"Export it again."
        )
    return np.stack([y.ravel(), x.ravel()], axis=1).astype(np.float64)
