"""Reads a product with Ptychodus, which is found over PYTHONPATH.

Usage: ptychodus_child.py PRODUCT OUT.npz
"""

import sys
from pathlib import Path

import numpy as np
from ptychodus.api.io import load_product

product = load_product(Path(sys.argv[1]))
object_, positions = product.object_, product.probe_positions
geometry = object_.get_geometry()
np.savez(
    sys.argv[2],
    object_=object_.get_array(),
    probe=product.probes.get_array(),
    pixel_m=geometry.pixel_width_m,
    energy_ev=product.metadata.photon_energy_eV,
    distance_m=product.metadata.detector_distance_m,
    x_px=geometry.map_probe_positions_to_object_x_px(positions),
    y_px=geometry.map_probe_positions_to_object_y_px(positions),
)
