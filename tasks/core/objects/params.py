"""Parameters of a simulated sample."""

from math import pi
from typing import Self

from pydantic import Field, field_validator, model_validator

from tasks.core.files.named_files import with_fingerprint
from tasks.core.objects.kinds import FILE_KIND, OBJECTS
from tasks.core.objects.options import ObjectKnobs
from tasks.core.objects.siemens_star import inner_radius_px

Range = tuple[float, float]


class ObjectParams(ObjectKnobs):
    """A simulated sample: what it shows, and how strongly."""

    kind: str = Field("dead_leaves", description=f"What the object shows: {', '.join(OBJECTS)}")
    amplitude_range: Range = Field(
        (0.5, 1.0), description="Smallest and largest amplitude, within [0, 1]"
    )
    phase_range_rad: Range = Field(
        (-1.0, 1.0), description="Smallest and largest phase, within [-pi, pi] [rad]"
    )

    file_sha256: str | None = Field(
        None, description="SHA-256 of the file; filled in, so that a changed file is noticed"
    )

    @property
    def keeps_file_values(self) -> bool:
        """Tell whether the values come from a file as they are."""
        return self.kind == FILE_KIND and self.keep_file_values

    @model_validator(mode="before")
    @classmethod
    def _know_the_file(cls, values: object) -> object:
        return with_fingerprint(values, "path", "The object's file")

    @field_validator("kind")
    @classmethod
    def _kind_is_known(cls, value: str) -> str:
        if value not in OBJECTS:
            raise ValueError(f"Unknown object kind {value!r}. Choose one of: {', '.join(OBJECTS)}.")
        return value

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
    def _star_has_spokes(self) -> Self:
        inner = inner_radius_px(self)
        if self.kind == "siemens_star" and inner >= self.star_radius_px:
            raise ValueError(
                f"{self.n_spokes} spokes of a finest period of {self.finest_period_px} px begin at "
                f"a radius of {inner:.1f} px, beyond the star's {self.star_radius_px} px. Lower "
                f"n_spokes or finest_period_px, or raise star_radius_px."
            )
        return self
