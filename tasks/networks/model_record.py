"""What a trained network says of itself, in JSON beside its weights; nothing here loads Keras.

No pickle and no code: the record names the architecture, which is built again.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tasks.core import StrictModel
from tasks.core.files.atomic_files import sha256_of, write_json
from tasks.core.files.named_files import read_record
from tasks.core.physics.probe import energy_diameter_px
from tasks.networks.architectures import AnyArchitecture
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.scan_statistics import ScanStatistics

# In `training`: the fingerprint of the code of the network; models of older versions lack it.
CODE_SHA256 = "network_code_sha256"
PHOTONS_FACTOR = 3.0
DIAMETER_FACTOR = 1.2
ACCEPT_OTHER_PROBE = (
    "A network that is given the probe may do well with another: set accept_other_probe to try it."
)


class DataRecord(StrictModel):
    """The data that a network was trained for.

    Attributes:
        n_px: Side of a pattern [px].
        photons_per_pattern: Measured mean photons of a pattern.
        probe_diameter_px: Diameter that holds 90 % of the probe's energy [px].
        probe_sha256: Fingerprint of the probe's shape; empty where it is not known.
    """

    n_px: int = Field(gt=0)
    photons_per_pattern: float = Field(gt=0)
    probe_diameter_px: float = Field(gt=0)
    probe_sha256: str = ""

    @classmethod
    def of(cls, exposures: Exposures, statistics: ScanStatistics) -> "DataRecord":
        """Return what a scan offers; a ValueError if it holds no photons."""
        if statistics.photons_per_pattern <= 0:
            raise ValueError(
                f"All {len(exposures)} patterns are empty: there is nothing to reconstruct. Check "
                f"the counts of the scan."
            )
        return cls(
            n_px=exposures.n_px,
            photons_per_pattern=statistics.photons_per_pattern,
            probe_diameter_px=energy_diameter_px(exposures.probe_modes),
            probe_sha256=exposures.probe_sha256,
        )

    def refuse_other(
        self,
        offered: "DataRecord",
        accept_other_probe: bool = False,
        accept_other_dose: bool = False,
    ) -> None:
        """Refuse data that the network was not trained for; the message names both sides.

        Photons may differ by a factor of 3, the probe's diameter by one of 1.2, or they may be any.

        Raises:
            ValueError: If they do not fit.
        """
        problems, of_probe = [], []
        if self.n_px != offered.n_px:
            problems.append(f"patterns of {self.n_px} px, but the scan has {offered.n_px} px")
        if not accept_other_dose:
            problems += self._factor_problem(
                offered, "photons_per_pattern", "photons per pattern", PHOTONS_FACTOR
            )
        if not accept_other_probe:
            of_probe = self._probe_problems(offered)
        if problems or of_probe:
            cure = f" {ACCEPT_OTHER_PROBE}" if of_probe else ""
            raise ValueError(
                f"The model was trained for {'; and for '.join(problems + of_probe)}. Train a "
                f"network on data of this kind.{cure}"
            )

    def _probe_problems(self, offered: "DataRecord") -> list[str]:
        mine, theirs = self.probe_sha256, offered.probe_sha256
        shapes = []
        if mine and theirs and mine != theirs:
            shapes = [f"a probe of SHA-256 {mine[:12]}, but the scan has {theirs[:12]}"]
        return shapes + self._factor_problem(
            offered, "probe_diameter_px", "px of probe diameter", DIAMETER_FACTOR
        )

    def _factor_problem(
        self, offered: "DataRecord", name: str, unit: str, limit: float
    ) -> list[str]:
        mine, theirs = float(getattr(self, name)), float(getattr(offered, name))
        if max(mine, theirs) <= limit * min(mine, theirs):
            return []
        return [
            f"{mine:.4g} {unit}, but the scan has {theirs:.4g} (a factor of {limit:g} is allowed)"
        ]


class ModelRecord(StrictModel):
    """What lies in a model's JSON.

    Attributes:
        schema_version: Version of this layout.
        arm: Name of the arm that it was trained for.
        optics: What the network was built for, besides its size.
        data: The data that it was trained for.
        thinning_fraction: Share of the photons that it saw at a step.
        weights_sha256: Fingerprint of the weights that it belongs to.
        training: How it was trained, for the record.
    """

    schema_version: Literal[2] = 2
    arm: str
    architecture: AnyArchitecture
    optics: InputGeometry
    data: DataRecord
    thinning_fraction: float = Field(1.0, gt=0, le=1)
    weights_sha256: str
    training: dict[str, Any]


def write_model_record(path: Path, record: ModelRecord) -> None:
    """Write a record as JSON."""
    write_json(path, record.model_dump(mode="json"))


def read_model_record(path: Path) -> ModelRecord:
    """Read a record; a ValueError if the file is damaged or of another layout."""
    what = "the record of a model of this version"
    return read_record(path, ModelRecord, what, "Train it again.")


def refuse_other_weights(weights_path: Path, record: ModelRecord) -> None:
    """Refuse weights that a record was not written for, by a ValueError that names both."""
    found = sha256_of(weights_path)
    if found != record.weights_sha256:
        raise ValueError(
            f"{weights_path} has the SHA-256 {found}, but its record was written for "
            f"{record.weights_sha256}: it was changed or cut short. Train the model again."
        )
