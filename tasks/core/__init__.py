"""What every stage shares: geometry, physics, files and the layout of the hub."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Real = NDArray[np.floating]
Real64 = NDArray[np.float64]
Complex = NDArray[np.complexfloating]
Complex128 = NDArray[np.complex128]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


class StrictModel(BaseModel):
    """A model that never changes, and takes no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
