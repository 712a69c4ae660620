"""Illuminations, simulated or read from a file.

A new kind is one new file and one line of `PROBES`; where it has options of its own, they are a
class in that file and a base of `ProbeParams`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from tasks.core import Complex128, StrictModel
from tasks.core.files.named_files import catalogue, name_field, one_of
from tasks.core.probes.disc import disc
from tasks.core.probes.from_file import ProbeFileOptions, probe_from_file
from tasks.core.probes.gaussian import RoundProbeOptions, gaussian
from tasks.core.probes.zone_plate import ZonePlateOptions, zone_plate

FILE_KIND = "file"
PatternPx = Annotated[int, Field(ge=16, le=512, multiple_of=2)]


@dataclass(frozen=True)
class ProbeKind:
    """A kind of probes; its functions know its own options.

    Attributes:
        make: Returns the probe, (N, N), or modes (M, N, N), the strongest first, of unit energy,
            for a side N and the options.
        how_to_shrink: What makes it smaller, options in braces.
    """

    make: Callable[[int, Any], Complex128]
    how_to_shrink: str


PROBES = catalogue(
    "probe kind",
    ("zone_plate", ProbeKind(zone_plate, "Lower defocus_rad ({defocus_rad})")),
    ("gaussian", ProbeKind(gaussian, "Lower diameter_px ({diameter_px})")),
    ("disc", ProbeKind(disc, "Lower diameter_px ({diameter_px})")),
    (FILE_KIND, ProbeKind(probe_from_file, "Pad the probe in its file {file.name}")),
)


class _EveryProbe(StrictModel):
    """What every kind of probe has; the last base of `ProbeParams`, so its fields come first."""

    kind: str
    n_px: PatternPx = Field(64, description="Side of a pattern [px]")


class ProbeParams(ProbeFileOptions, RoundProbeOptions, ZonePlateOptions, _EveryProbe):
    """Illumination at the sample; by default the defocused focus of a zone plate.

    Every kind has options of its own; those of other kinds are ignored.
    """

    kind: Annotated[str, one_of(PROBES, "probe kind")] = name_field(
        "zone_plate", PROBES, "Kind of the probe"
    )

    @model_validator(mode="after")
    def _a_file_is_named(self) -> Self:
        if self.kind == FILE_KIND and self.file is None:
            raise ValueError("A probe of kind `file` needs a file. Give its path in `file`.")
        return self
