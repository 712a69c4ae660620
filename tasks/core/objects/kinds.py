"""What every kind of simulated sample is to the others: how it is drawn, checked and recorded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ObjectKind:
    """A kind of simulated samples; its functions know its own options, never the ranges.

    Attributes:
        draw: Draws for a shape (H, W) where amplitude and phase lie in their ranges: fractions in
            [0, 1], shape (2, H, W).
        check: Raises ValueError where options do not fit together.
        facts: Returns what follows from the options and belongs into the record, as JSON.
    """

    draw: Callable[[tuple[int, int], np.random.Generator, Any], NDArray[np.float64]]
    check: Callable[[Any], None] = field(default=lambda _options: None)
    facts: Callable[[Any], dict[str, Any]] = field(default=lambda _options: {})
