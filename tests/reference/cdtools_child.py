"""Reads a CXI with cdtools, in a process of its own because cdtools imports torch.

Usage: cdtools_child.py SCAN TRUTH OUTPUT.npz; cdtools is found over PYTHONPATH.
"""

import sys

import h5py
import numpy as np
import torch
from cdtools.datasets import Ptycho2DDataset
from cdtools.tools.initializers import exit_wave_geometry
from cdtools.tools.interactions import ptycho_2D_sinc, translations_to_pixel
from cdtools.tools.propagators import far_field

scan, truth, output = sys.argv[1:]
dataset = Ptycho2DDataset.from_cxi(scan)
geometry = dataset.detector_geometry
# The object's pixels follow from those of the detector, as in cdtools' own models.
basis = exit_wave_geometry(
    geometry["basis"], dataset.patterns.shape[-2:], dataset.wavelength, geometry["distance"]
)
positions_px = translations_to_pixel(basis, dataset.translations)
with h5py.File(truth) as file:
    true_object = torch.as_tensor(file["object"][()])
with h5py.File(scan) as file:
    light = torch.as_tensor(file["entry_1/instrument_1/source_1/illumination"][()])
# cdtools' positions are those of a patch's first pixel.
corners_px = positions_px.double() - light.shape[-1] // 2
intensity = torch.zeros(dataset.patterns.shape, dtype=torch.float64)
for probe in light.reshape(-1, *light.shape[-2:]):
    exit_waves = ptycho_2D_sinc(probe, true_object, corners_px)
    intensity += (far_field(exit_waves).abs() ** 2).reshape(intensity.shape)
np.savez(
    output,
    intensity=intensity.numpy(),
    patterns=dataset.patterns.numpy(),
    translations_m=dataset.translations.numpy(),
    positions_px=positions_px.numpy(),
    mask=dataset.mask.numpy(),
    wavelength_m=float(dataset.wavelength),
    distance_m=float(geometry["distance"]),
)
