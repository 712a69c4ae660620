"""Parameters of the simulated scan."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from tasks.core import StrictModel
from tasks.core.files.metrics_table import MS_SSIM_MIN_PX
from tasks.core.files.named_files import without_folders
from tasks.core.files.scan_record import DetectorPixelM, DistanceM, EnergyEv
from tasks.core.objects import ObjectParams
from tasks.core.probes import ProbeParams
from tasks.core.scan_patterns import ScanParams
from tasks.core.study.seeds import Split
from tasks.simulate.faults import InstrumentParams, check_instrument

__all__ = ["InstrumentParams", "ProbeParams", "SimulationParams"]

LARGEST_SCAN = 10_000_000


def check_shape(value: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of a scan as they are; ValueError if they are too few or too many."""
    if min(value) < 2:
        raise ValueError(
            f"A scan needs at least 2 x 2 positions, got {value}. Raise rows and columns."
        )
    if value[0] * value[1] > LARGEST_SCAN:
        raise ValueError(
            f"A scan has at most {LARGEST_SCAN:,} positions, got {value[0]} x {value[1]}. "
            f"Lower rows and columns, or take several scans."
        )
    return value


# Rows and columns.
ScanShape = Annotated[tuple[int, int], AfterValidator(check_shape)]


class SimulationParams(StrictModel):
    """A scan over two regions of one object, a guard band apart."""

    photons_per_pattern: float = Field(
        1000.0, gt=0, allow_inf_nan=False, description="Mean photons detected in a pattern"
    )
    train_object: ObjectParams = ObjectParams()
    test_object: ObjectParams | None = Field(
        None, description="Another object for the test scan; none: another region of the same one"
    )
    probe: ProbeParams = ProbeParams()
    scan: ScanParams = ScanParams()
    instrument: InstrumentParams = InstrumentParams()
    train_positions: ScanShape = Field(
        (41, 41), description="Rows and columns of the training scan"
    )
    test_positions: ScanShape = Field((25, 25), description="Rows and columns of the test scan")
    min_test_span_px: float = Field(
        float(MS_SSIM_MIN_PX),
        ge=0,
        allow_inf_nan=False,
        description="Least side of the area that the test positions span, 176 for MS-SSIM; 0 goes "
        "without [px]",
    )
    energy_ev: EnergyEv = Field(8000.0, description="Photon energy [eV]")
    distance_m: DistanceM = Field(2.0, description="From the sample to the detector [m]")
    detector_pixel_m: DetectorPixelM = Field(75e-6, description="Side of a detector pixel [m]")
    seed: int = Field(42, ge=0, description="Root seed of object, jitter and shot noise")
    sample_seed: int | None = Field(
        None, ge=0, description="Root seed of the object alone; none: the seed"
    )

    @model_validator(mode="after")
    def _faults_fit(self) -> "SimulationParams":
        check_instrument(self.instrument, self.probe.n_px)
        return self

    @property
    def object_seed(self) -> int:
        """Root seed of the object."""
        return self.seed if self.sample_seed is None else self.sample_seed

    def record(self, split: Split) -> dict[str, Any]:
        """Return the parameters of one scan, as JSON; the training scan has no test object."""
        left_out = {"test_object"} if split is Split.TRAIN else set()
        return without_folders(self.model_dump(mode="json", exclude=left_out))
