"""Illuminations, simulated or read from a file.

A new kind is one new file and one line of `PROBES`; where it has options of its own, they are a
class in that file and a base of `ProbeParams`.
"""

from typing import Annotated

from pydantic import ConfigDict

from tasks.core.files.named_files import catalogue, name_field, one_of
from tasks.core.probes.disc import DISC
from tasks.core.probes.from_file import FILE_KIND, FROM_FILE, ProbeFileOptions
from tasks.core.probes.gaussian import GAUSSIAN
from tasks.core.probes.kinds import ProbeKind, RoundProbeOptions
from tasks.core.probes.zone_plate import ZONE_PLATE, ZonePlateOptions

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

    kind: Annotated[str, one_of(PROBES, "probe kind")] = name_field(
        "zone_plate", PROBES, "Kind of the probe"
    )
