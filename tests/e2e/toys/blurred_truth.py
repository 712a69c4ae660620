"""BlurredTruth: the true object, blurred; an arm that tests bring."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, Field
from scipy.ndimage import gaussian_filter

from tasks.catalogue.reconstruction import Planner, Reconstruction, Role, StageRole, Step
from tasks.core.files.object_file import read_object, write_object
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import Progress, StageFiles


class BlurParams(BaseModel):
    """How much it is blurred."""

    sigma_px: float = Field(1.0, gt=0, description="Width of the Gaussian [px]")


def blur(params: BlurParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Blur the true object."""
    window = read_object(files.inputs["truth"])
    held = np.isfinite(window.object_)
    object_ = gaussian_filter(np.where(held, window.object_, 1.0), params.sigma_px)
    write_object(files.outputs["reconstruction"], type(window)(object_, window.origin_px))
    progress(1, 1, "blurred")
    return {"n_pixels": int(held.sum())}


class BlurredTruth(Reconstruction):
    """One stage."""

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return it."""
        path = planner.reconstruction(self.name, split)
        call = planner.call(
            planner.name("blur-truth", split),
            "F",
            f"{__name__}:blur",
            BlurParams(),
            (planner.exposures(split) | planner.compared_with, {"reconstruction": path}),
            path.replace(".h5", ".manifest.json"),
        )
        return (Step(StageRole.RECONSTRUCT, call),)


RECONSTRUCTION = BlurredTruth(
    name="BlurredTruth",
    role=Role.ARM,
    description="the true object, blurred",
    colour="#8B0000",
    dark_colour="#FF9999",
)
