"""Saves a model with cdtools, in a process of its own because cdtools imports torch.

Usage: cdtools_object_child.py SCAN MODEL.h5 OBJECT.npy; cdtools is found over PYTHONPATH.
"""

import sys

import numpy as np
import torch
from cdtools.datasets import Ptycho2DDataset
from cdtools.models import FancyPtycho

scan, model_path, object_path = sys.argv[1:]
dataset = Ptycho2DDataset.from_cxi(scan)
model = FancyPtycho.from_dataset(dataset)
generator = torch.Generator().manual_seed(7)
values = torch.randn(model.obj.shape, dtype=torch.complex64, generator=generator)
model.obj.data = values
model.save_to_h5(model_path, dataset)
np.save(object_path, values.numpy())
