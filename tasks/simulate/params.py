"""Parameters of the simulated fly-scan."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.core.objects import ObjectParams
from tasks.core.scan_patterns import ScanParams
from tasks.core.seeds import Split


class ProbeParams(BaseModel):
    """Defocused focus of a zone plate with a central stop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_px: int = Field(64, ge=16, le=512, multiple_of=2, description="Side of a pattern [px]")
    aperture_fraction: float = Field(
        0.4, gt=0, le=0.8, description="Radius of the pupil over the highest frequency"
    )
    central_stop_fraction: float = Field(
        0.3, ge=0, lt=1, description="Radius of the central stop over that of the pupil"
    )
    defocus_rad: float = Field(8.0, description="Phase of the pupil at its outer edge [rad]")


class SimulationParams(BaseModel):
    """A fly-scan over two regions of one object, a guard band apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    photons_per_pattern: float = Field(
        1000.0, gt=0, allow_inf_nan=False, description="Mean photons detected in a pattern"
    )
    sample: ObjectParams = ObjectParams()
    test_sample: ObjectParams | None = Field(
        None, description="Another sample for the test scan; none: another region of the same one"
    )
    probe: ProbeParams = ProbeParams()
    scan: ScanParams = ScanParams()
    train_positions: tuple[int, int] = Field(
        (41, 41), description="Rows and columns of the training scan"
    )
    test_positions: tuple[int, int] = Field(
        (25, 25), description="Rows and columns of the test scan"
    )
    energy_ev: float = Field(8000.0, ge=50, le=200_000, description="Photon energy [eV]")
    distance_m: float = Field(2.0, gt=0, description="From the sample to the detector [m]")
    detector_pixel_m: float = Field(75e-6, gt=0, description="Side of a detector pixel [m]")
    seed: int = Field(42, ge=0, description="Root seed of object, jitter and shot noise")

    @field_validator("train_positions", "test_positions")
    @classmethod
    def _scan_spans_an_area(cls, value: tuple[int, int]) -> tuple[int, int]:
        if min(value) < 2:
            raise ValueError(f"A scan needs at least 2 x 2 positions, got {value}.")
        return value

    def record(self, split: Split) -> dict[str, Any]:
        """Return the parameters of one scan, as JSON; the training scan has no test sample."""
        left_out = {"test_sample"} if split is Split.TRAIN else set()
        return self.model_dump(mode="json", exclude=left_out)
