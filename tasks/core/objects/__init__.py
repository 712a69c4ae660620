"""Simulated samples. A new kind of object is one new file and one line of `OBJECTS`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.core.objects.dead_leaves import dead_leaves

ObjectMaker = Callable[[tuple[int, int], np.random.Generator], NDArray[np.complex128]]

OBJECTS: dict[str, ObjectMaker] = {
    "dead_leaves": dead_leaves,
}
