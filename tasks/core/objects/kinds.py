"""The kinds of simulated samples. A new one is one new file and one line of `OBJECTS`.

A maker draws two maps of fractions: where the amplitude and where the phase lie in their ranges.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.core.objects.dead_leaves import dead_leaves
from tasks.core.objects.from_file import fractions_from_file
from tasks.core.objects.gaussian_random_field import gaussian_random_field
from tasks.core.objects.natural_texture import natural_texture
from tasks.core.objects.options import ObjectKnobs
from tasks.core.objects.random_lines import random_lines
from tasks.core.objects.siemens_star import siemens_star

ObjectMaker = Callable[[tuple[int, int], np.random.Generator, ObjectKnobs], NDArray[np.float64]]
FILE_KIND = "file"

OBJECTS: dict[str, ObjectMaker] = {
    "dead_leaves": dead_leaves,
    "random_lines": random_lines,
    "gaussian_random_field": gaussian_random_field,
    "natural_texture": natural_texture,
    "siemens_star": siemens_star,
    FILE_KIND: fractions_from_file,
}
