"""What every stage shares: geometry, physics, files and the layout of the hub; names of arrays."""

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Real64 = NDArray[np.float64]
Complex = NDArray[np.complexfloating]
Complex128 = NDArray[np.complex128]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]
