"""Simulated samples: complex objects of several kinds, with set ranges of amplitude and phase."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.objects.from_file import object_from_file
from tasks.core.objects.params import FILE_KIND, OBJECTS, ObjectParams

__all__ = ["FILE_KIND", "OBJECTS", "ObjectParams", "make_object", "object_facts"]


def make_object(
    params: ObjectParams, shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.complex128]:
    """Return the transmission of a simulated sample.

    Only here do the fractions that a kind draws meet the ranges, so other ranges show the same
    sample, weaker or stronger.

    Args:
        params: Kind, ranges and options.
        shape: Shape (H, W) of the object.
        rng: Source of randomness.

    Returns:
        Transmission, amplitude and phase within their ranges (or as in the file), shape (H, W).

    Raises:
        ValueError: If a file holds no object as large as that.
    """
    if params.keeps_file_values and params.path is not None:
        return object_from_file(params.path, shape)
    fractions = OBJECTS[params.kind].draw(shape, rng, params)
    object_ = np.empty(shape, dtype=np.complex128)
    for row in range(shape[0]):  # a large object's temporaries would be several times its size
        amplitude = np.interp(fractions[0, row], (0, 1), params.amplitude_range)
        phase = np.interp(fractions[1, row], (0, 1), params.phase_range_rad)
        object_[row] = amplitude * np.exp(1j * phase)
    return object_


def object_facts(params: ObjectParams) -> dict[str, Any]:
    """Return what follows from the parameters of an object and belongs into its record, as JSON."""
    return OBJECTS[params.kind].facts(params)
