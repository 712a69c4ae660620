"""cdtools as a solver of a run: `python cdtools_solver.py SCAN OUT EPOCHS SEED THREADS`."""

import sys

import cdtools
import h5py
import numpy as np
import torch

scan, out, epochs, seed, threads = sys.argv[1:]
torch.manual_seed(int(seed))
torch.set_num_threads(int(threads))
dataset = cdtools.datasets.Ptycho2DDataset.from_cxi(scan)
dataset.patterns = dataset.patterns.to(torch.float32)
# Every arm of the run is told the probe, so it is no unknown here either.
with h5py.File(scan) as file:
    probe = file["entry_1/instrument_1/source_1/illumination"][()]
modes = probe.reshape(-1, *probe.shape[-2:]).astype(np.complex64)
model = cdtools.models.FancyPtycho.from_dataset(dataset, n_modes=len(modes), obj_padding=8)
model.probe.data = torch.as_tensor(modes) / model.probe_norm
model.probe.requires_grad = False
for _ in model.Adam_optimize(int(epochs), dataset, lr=0.02, batch_size=32, thread=False):
    sys.stderr.write(f"{model.report()}\n")
np.save(out, model.save_results(dataset)["obj"])
