"""The sixteen ways in which programs store one object: turned, mirrored, conjugated.

Programs differ in the axes of their detector and in the sign of their transform. An object that is
conjugated and turned by 180 degrees is the twin, which has the same diffraction intensities.
"""

from dataclasses import dataclass, replace

import numpy as np

from tasks.core import Complex, Real

QUARTERS = 4
Part = tuple[slice, slice]
WHOLE: Part = (slice(None), slice(None))


@dataclass(frozen=True, order=True)
class Orientation:
    """Mirror left and right, then turn by quarters against the clock, then conjugate.

    Attributes:
        is_conjugated: Whether the phase changes its sign.
        is_mirrored: Whether columns are reversed, before the turn.
        quarter_turns: Turns by 90 degrees as of `numpy.rot90`, 0 to 3.
    """

    is_conjugated: bool = False
    is_mirrored: bool = False
    quarter_turns: int = 0

    def apply(self, object_: Complex, part: Part = WHOLE) -> Complex:
        """Return an object (H, W) in this orientation, (H, W) or (W, H), or a part of that."""
        mirrored = object_[:, ::-1] if self.is_mirrored else object_
        turned = np.rot90(mirrored, self.quarter_turns)[part]
        return np.ascontiguousarray(turned.conj() if self.is_conjugated else turned)

    def turned_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of an object so oriented."""
        return shape[::-1] if self.quarter_turns % 2 else shape

    def turned_ramp(self, ramp: Real) -> Real:
        """Return a phase ramp along (y, x) [rad / px] as it is in an object so oriented."""
        along_y, along_x = ramp
        along_x = -along_x if self.is_mirrored else along_x
        for _ in range(self.quarter_turns):
            along_y, along_x = -along_x, along_y
        sign = -1 if self.is_conjugated else 1
        return sign * np.array([along_y, along_x])

    def then(self, other: "Orientation") -> "Orientation":
        """Return the orientation that applies this one first and another one after it."""
        turns = -self.quarter_turns if other.is_mirrored else self.quarter_turns
        return Orientation(
            self.is_conjugated != other.is_conjugated,
            self.is_mirrored != other.is_mirrored,
            (turns + other.quarter_turns) % QUARTERS,
        )

    @property
    def inverse(self) -> "Orientation":
        """The orientation that undoes this one."""
        turns = self.quarter_turns if self.is_mirrored else -self.quarter_turns
        return Orientation(self.is_conjugated, self.is_mirrored, turns % QUARTERS)

    @property
    def twin(self) -> "Orientation":
        """This one, conjugated."""
        return replace(self, is_conjugated=not self.is_conjugated)

    @property
    def text(self) -> str:
        """What is done to an object, in words."""
        words = ["mirrored"] if self.is_mirrored else []
        words += [f"turned by {90 * self.quarter_turns} degrees"] if self.quarter_turns else []
        words += ["conjugated"] if self.is_conjugated else []
        return ", ".join(words) or "as it is"


# The identity comes first: of equals the first one is taken.
ORIENTATIONS = tuple(
    Orientation(conjugated, mirrored, turns)
    for conjugated in (False, True)
    for mirrored in (False, True)
    for turns in range(QUARTERS)
)
