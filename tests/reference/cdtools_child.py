"""Reads a CXI with cdtools, in a process of its own because cdtools imports torch.

Usage: cdtools_child.py SCAN OUTPUT.npz; cdtools is found over PYTHONPATH.
"""

import sys

import numpy as np
from cdtools.datasets import Ptycho2DDataset
from cdtools.tools.initializers import exit_wave_geometry
from cdtools.tools.interactions import translations_to_pixel

scan, output = sys.argv[1:]
dataset = Ptycho2DDataset.from_cxi(scan)
geometry = dataset.detector_geometry
# The object's pixels follow from those of the detector, as in cdtools' own models.
basis = exit_wave_geometry(
    geometry["basis"], dataset.patterns.shape[-2:], dataset.wavelength, geometry["distance"]
)
np.savez(
    output,
    patterns=dataset.patterns.numpy(),
    translations_m=dataset.translations.numpy(),
    positions_px=translations_to_pixel(basis, dataset.translations).numpy(),
    mask=dataset.mask.numpy(),
    wavelength_m=float(dataset.wavelength),
    distance_m=float(geometry["distance"]),
)
