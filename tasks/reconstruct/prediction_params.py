"""Parameters of a prediction by a trained network."""

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.study.arms import Arm
from tasks.core.study.device import Backend, Device


class PredictionParams(BaseModel):
    """Reconstruction of a scan by a trained network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: Arm = Field(Arm.PTYCHOPINN, description="Arm that the model must belong to")
    chunk_size: int = Field(
        256, ge=1, le=65_536, description="Patterns propagated at a time; bounds the memory"
    )
    accept_other_probe: bool = Field(
        False, description="Go on although the model was trained with another probe"
    )
    device: Device = Field(
        Device.AUTO, description="Where to run; auto takes a GPU where there is one"
    )
    backend: Backend = Field(
        Backend.TENSORFLOW, description="Framework to run on; the weights fit both"
    )
