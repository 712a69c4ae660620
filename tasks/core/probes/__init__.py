"""Illuminations, simulated or read from a file.

A new kind is one new file and one line of `PROBES`; where it has options of its own, they are a
class in that file and a base of `ProbeParams`.
"""

from pydantic import ConfigDict, field_validator

from tasks.core.probes.disc import DISC
from tasks.core.probes.from_file import FILE_KIND, FROM_FILE, ProbeFileOptions
from tasks.core.probes.gaussian import GAUSSIAN
from tasks.core.probes.kinds import ProbeKind, RoundProbeOptions
from tasks.core.probes.zone_plate import ZONE_PLATE, ZonePlateOptions
from tasks.core.study.catalogue import catalogue, known_name, name_field

PROBES: dict[str, ProbeKind] = catalogue(
    "probe kind",
    ("zone_plate", ZONE_PLATE),
    ("gaussian", GAUSSIAN),
    ("disc", DISC),
    (FILE_KIND, FROM_FILE),
)


class ProbeParams(ProbeFileOptions, RoundProbeOptions, ZonePlateOptions):
    """Illumination at the sample; by default the defocused focus of a zone plate.

    Every kind has options of its own; those of other kinds are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = name_field("zone_plate", PROBES, "Kind of the probe")

    @field_validator("kind")
    @classmethod
    def _kind_is_known(cls, value: str) -> str:
        return known_name(value, PROBES, "probe kind")
