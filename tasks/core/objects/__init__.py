"""Simulated samples: complex objects of several kinds, with set ranges of amplitude and phase.

A new kind is one new file and one line of `OBJECTS`; where it has options of its own, they are a
class in that file and a base of `ObjectParams`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import pi
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from tasks.core import Complex128, Real64, StrictModel
from tasks.core.files.named_files import Fingerprint, catalogue, fingerprint_of, name_field, one_of
from tasks.core.objects.dead_leaves import dead_leaves
from tasks.core.objects.from_file import (
    ObjectFileOptions,
    file_facts,
    fractions_from_file,
    object_from_file,
    whole_object,
)
from tasks.core.objects.gaussian_random_field import gaussian_random_field
from tasks.core.objects.natural_texture import natural_texture
from tasks.core.objects.random_lines import random_lines
from tasks.core.objects.siemens_star import StarOptions, check_spokes, siemens_star, star_facts

Range = tuple[float, float]
FILE_KIND = "file"


@dataclass(frozen=True)
class ObjectKind:
    """A kind of simulated samples; its functions know its own options, never the ranges.

    Attributes:
        draw: Draws for a shape (H, W) where amplitude and phase lie in their ranges: fractions in
            [0, 1], shape (2, H, W).
        check: Raises ValueError where options do not fit together.
        facts: Returns what follows from the options and belongs into the record, as JSON.
    """

    draw: Callable[[tuple[int, int], np.random.Generator, Any], Real64]
    check: Callable[[Any], None] = field(default=lambda _options: None)
    facts: Callable[[Any], dict[str, Any]] = field(default=lambda _options: {})


OBJECTS = catalogue(
    "object kind",
    ("dead_leaves", ObjectKind(dead_leaves)),
    ("random_lines", ObjectKind(random_lines)),
    ("gaussian_random_field", ObjectKind(gaussian_random_field)),
    ("natural_texture", ObjectKind(natural_texture)),
    ("siemens_star", ObjectKind(siemens_star, check_spokes, star_facts)),
    (FILE_KIND, ObjectKind(fractions_from_file, facts=file_facts)),
)


class ObjectParams(ObjectFileOptions, StarOptions, StrictModel):
    """A simulated sample: what it shows, and how strongly."""

    kind: Annotated[str, one_of(OBJECTS, "object kind")] = name_field(
        "dead_leaves", OBJECTS, "What the object shows"
    )
    amplitude_range: Range = Field(
        (0.5, 1.0), description="Smallest and largest amplitude, within [0, 1]"
    )
    phase_range_rad: Range = Field(
        (-1.0, 1.0), description="Smallest and largest phase, within [-pi, pi] [rad]"
    )
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("path", "The object's file")

    @field_validator("amplitude_range")
    @classmethod
    def _amplitude_transmits(cls, value: Range) -> Range:
        # Written so that NaN fails too.
        if not (0 <= value[0] <= value[1] <= 1 and value[1] > 0):
            raise ValueError(
                f"amplitude_range must rise within [0, 1] and transmit something, got {value}. "
                f"Give smallest and largest amplitude, such as (0.5, 1.0)."
            )
        return value

    @field_validator("phase_range_rad")
    @classmethod
    def _phase_does_not_wrap(cls, value: Range) -> Range:
        if not -pi <= value[0] <= value[1] <= pi:
            raise ValueError(
                f"phase_range_rad must rise within [-pi, pi], or the phase wraps, got {value}. "
                f"Give smallest and largest phase [rad], such as (-1.0, 1.0)."
            )
        return value

    @model_validator(mode="after")
    def _file_is_named(self) -> Self:
        if (self.kind == FILE_KIND) != (self.path is not None):
            raise ValueError(
                f"An object of kind {self.kind!r} came with path {self.path}. A path belongs to "
                f"the kind {FILE_KIND!r} and to no other: set both or neither."
            )
        return self

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        OBJECTS[self.kind].check(self)
        return self


def make_object(
    params: ObjectParams, shape: tuple[int, int], rng: np.random.Generator
) -> Complex128:
    """Return the transmission of a simulated sample, shape (H, W).

    Only here do the fractions that a kind draws meet the ranges, so other ranges show the same
    sample, weaker or stronger. ValueError if a file holds no object as large as that.
    """
    if params.kind == FILE_KIND and params.keep_file_values and params.path is not None:
        return object_from_file(params.path, shape)
    fractions = OBJECTS[params.kind].draw(shape, rng, params)
    object_ = np.empty(shape, dtype=np.complex128)
    for row in range(shape[0]):  # a large object's temporaries would be several times its size
        amplitude = np.interp(fractions[0, row], (0, 1), params.amplitude_range)
        phase = np.interp(fractions[1, row], (0, 1), params.phase_range_rad)
        object_[row] = amplitude * np.exp(1j * phase)
    return object_


@lru_cache(maxsize=64)
def check_object(params: ObjectParams, shape: tuple[int, int] | None = None) -> None:
    """Refuse what `make_object` would of a file, as far as that is known without its shape (H, W).

    It is read once for each of its contents.
    """
    if params.path is None:
        return
    if shape is None:
        whole_object(params.path)
    else:
        object_from_file(params.path, shape)


def object_facts(params: ObjectParams) -> dict[str, Any]:
    """Return what follows from the parameters of an object and belongs into its record, as JSON."""
    return OBJECTS[params.kind].facts(params)
