"""Parameters of the simulated fly-scan."""

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.core.objects import OBJECTS
from tasks.core.probes.params import ProbeParams
from tasks.simulate.instrument_params import InstrumentParams

__all__ = ["InstrumentParams", "ProbeParams", "SimulationParams"]


class SimulationParams(BaseModel):
    """A fly-scan over two regions of one object, a guard band apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    photons_per_pattern: float = Field(
        1000.0, gt=0, allow_inf_nan=False, description="Mean photons detected in a pattern"
    )
    object_kind: str = Field("dead_leaves", description="Kind of the simulated object")
    probe: ProbeParams = ProbeParams()
    instrument: InstrumentParams = InstrumentParams()
    overlap_ratio: float = Field(
        0.7, ge=0, lt=1, description="Linear overlap of neighbours, 1 - step / diameter"
    )
    jitter_fraction: float = Field(
        0.2, ge=0, le=0.5, description="Largest displacement of a position over the step"
    )
    train_positions: tuple[int, int] = Field(
        (41, 41), description="Rows and columns of the training scan"
    )
    test_positions: tuple[int, int] = Field(
        (25, 25), description="Rows and columns of the test scan"
    )
    energy_ev: float = Field(8000.0, ge=50, le=200_000, description="Photon energy [eV]")
    distance_m: float = Field(
        2.0, gt=0, allow_inf_nan=False, description="From the sample to the detector [m]"
    )
    detector_pixel_m: float = Field(
        75e-6, gt=0, allow_inf_nan=False, description="Side of a detector pixel [m]"
    )
    seed: int = Field(42, ge=0, description="Root seed of object, jitter and shot noise")

    @field_validator("object_kind")
    @classmethod
    def _object_is_known(cls, value: str) -> str:
        if value not in OBJECTS:
            raise ValueError(f"Unknown object kind {value!r}. Choose one of: {', '.join(OBJECTS)}.")
        return value

    @field_validator("train_positions", "test_positions")
    @classmethod
    def _scan_spans_an_area(cls, value: tuple[int, int]) -> tuple[int, int]:
        if min(value) < 2:
            raise ValueError(f"A scan needs at least 2 x 2 positions, got {value}.")
        return value

    @model_validator(mode="after")
    def _splits_stay_apart(self) -> "SimulationParams":
        reach, n_px = self.instrument.position_reach_px, self.probe.n_px
        if 4 * reach > n_px:
            raise ValueError(
                f"A position error of {self.instrument.position_error_px} px r.m.s. reaches "
                f"{reach} px, which leaves less than half of the guard band of {n_px} px between "
                f"training and test. Lower position_error_px to {n_px // 16} px or raise n_px."
            )
        return self
