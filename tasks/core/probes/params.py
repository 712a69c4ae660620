"""Parameters of the illumination."""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.core.files.named_files import with_fingerprint


class ProbeKind(StrEnum):
    """Kinds of probes that can be simulated or read."""

    ZONE_PLATE = "zone_plate"
    GAUSSIAN = "gaussian"
    DISC = "disc"
    FILE = "file"


class ProbeParams(BaseModel):
    """Illumination at the sample; by default the defocused focus of a zone plate.

    Every kind has knobs of its own; those of other kinds are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ProbeKind = Field(
        ProbeKind.ZONE_PLATE, description=f"Kind of the probe: {', '.join(ProbeKind)}"
    )
    n_px: int = Field(64, ge=16, le=512, multiple_of=2, description="Side of a pattern [px]")
    aperture_fraction: float = Field(
        0.4,
        gt=0,
        le=0.8,
        description="Zone plate: radius of the pupil over the highest frequency",
    )
    central_stop_fraction: float = Field(
        0.3, ge=0, lt=1, description="Zone plate: radius of the central stop over the pupil's"
    )
    defocus_rad: float = Field(
        8.0, allow_inf_nan=False, description="Zone plate: phase of the pupil at its edge [rad]"
    )
    diameter_px: float = Field(
        20.0,
        gt=0,
        allow_inf_nan=False,
        description="Gaussian: full width at half maximum of the intensity; disc: diameter [px]",
    )
    curvature_rad: float = Field(
        0.0,
        allow_inf_nan=False,
        description="Gaussian, disc: phase at half the diameter from the axis [rad]",
    )
    file: Path | None = Field(
        None, description="File: .npy or HDF5 with a complex probe, (N, N) or modes (M, N, N)"
    )
    dataset: str = Field("probe", description="File: name of the HDF5 dataset")
    file_sha256: str | None = Field(
        None, description="SHA-256 of the file; filled in, so that a changed file is noticed"
    )

    @model_validator(mode="before")
    @classmethod
    def _know_the_file(cls, values: object) -> object:
        return with_fingerprint(values, "file", "The probe's file")

    @model_validator(mode="after")
    def _a_file_is_named(self) -> "ProbeParams":
        if self.kind is ProbeKind.FILE and self.file is None:
            raise ValueError("A probe of kind `file` needs a file. Give its path in `file`.")
        return self
