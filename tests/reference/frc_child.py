"""Run in a process of its own: the curve that the package `frc` finds for tapered images."""

import sys

import frc
import numpy as np

with np.load(sys.argv[1], allow_pickle=False) as file:
    np.savez(sys.argv[2], correlation=frc.two_frc(file["image"], file["truth"]))
