"""How images of objects are shown everywhere: colours and scale bar; and logarithmic axes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from tasks.core import Real

AMPLITUDE_MAP = "viridis"
PHASE_MAP, CYCLIC_PHASE_MAP = "cividis", "twilight"
ERROR_MAP = "magma"
CYCLIC_FROM_RAD = 0.8 * 2 * np.pi
ERROR_PERCENTILE = 99
LEAST_RANGE = 1e-6


@dataclass(frozen=True)
class Scale:
    """One colour map and one range for all images that are held against each other."""

    colour_map: str
    smallest: float
    largest: float

    def folded(self, image: Real) -> Real:
        """Return the image; a cyclic scale takes whole turns off what lies outside it."""
        if self.colour_map == CYCLIC_PHASE_MAP:
            return np.asarray(self.smallest + np.mod(image - self.smallest, 2 * np.pi))
        return image

    def fractions(self, image: Real) -> Real:
        """Return where values lie on the scale, 0 to 1; NaN stays NaN."""
        height = self.largest - self.smallest
        return np.asarray(np.clip((self.folded(image) - self.smallest) / height, 0.0, 1.0))


def amplitude_scale(true_values: Real) -> Scale:
    """Return a perceptually uniform scale over the truth's amplitudes in the scored pixels."""
    smallest, largest = float(true_values.min()), float(true_values.max())
    return Scale(AMPLITUDE_MAP, smallest, max(largest, smallest + LEAST_RANGE))


def phase_scale(true_values: Real) -> Scale:
    """Return a scale over the truth's phases [rad] in the scored pixels.

    It is a cyclic one of a whole turn if they span nearly a turn.
    """
    smallest, largest = float(true_values.min()), float(true_values.max())
    if largest - smallest > CYCLIC_FROM_RAD:
        return Scale(CYCLIC_PHASE_MAP, smallest, smallest + 2 * np.pi)
    return Scale(PHASE_MAP, smallest, max(largest, smallest + LEAST_RANGE))


def error_scale(errors: Iterable[Real]) -> Scale:
    """Return one scale from 0 to the 99th percentile of the absolute errors of all images."""
    largest = float(np.percentile(np.concatenate(list(errors)), ERROR_PERCENTILE))
    return Scale(ERROR_MAP, 0.0, largest or 1.0)


def round_length(longest_m: float) -> tuple[float, str]:
    """Return the longest round length [m] that a scale bar may have, and its text, as `500 nm`.

    It is 1, 2 or 5 times a power of ten.
    """
    power = 10.0 ** np.floor(np.log10(longest_m))
    length_m = float(max(step * power for step in (1, 2, 5) if step * power <= longest_m))
    unit, unit_m = next(
        (pair for pair in (("mm", 1e-3), ("µm", 1e-6)) if length_m >= pair[1]), ("nm", 1e-9)
    )
    return length_m, f"{length_m / unit_m:g} {unit}"


def plain_log_ticks(axis: Axis) -> None:
    """Label a logarithmic axis, its limits set, at three plain numbers or more where it can."""
    low, high = sorted(axis.get_view_interval())
    for locator in (LogLocator(), LogLocator(subs=(1, 2, 5)), MaxNLocator(5, steps=[1, 2, 5, 10])):
        axis.set_major_locator(locator)
        if sum(low <= tick <= high for tick in locator.tick_values(low, high)) >= 3:
            break
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
