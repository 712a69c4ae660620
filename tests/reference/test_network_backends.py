"""The same weights and patterns give the same object on both backends of Keras."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.networks.architectures import (
    ClassicArchitecture,
    PatchArchitecture,
    UnrolledArchitecture,
)

# TensorFlow and torch never share a process.
CHILD = """
import sys

import numpy as np
from keras import ops
from pydantic import TypeAdapter

from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.networks.architectures import AnyArchitecture
from tasks.networks.batches import canvas_of, network_inputs
from tasks.networks.exposures import Exposures, InputGeometry

architecture, weights, output, is_first = sys.argv[1:]
rng = np.random.default_rng(2)
counts = rng.poisson(3.0, size=(6, 32, 32)).astype(np.uint16)
modes = 40 * defocused_zone_plate_probe(32, 0.4, 0.3, 4.0)[None].astype(np.complex64)
positions = rng.uniform(20, 40, size=(6, 2))
good = rng.uniform(size=(32, 32)) < 0.98
exposures = Exposures(positions, modes, good, lambda indices: counts[indices])
canvas = canvas_of(positions, 32)
start = np.full(canvas.shape, 0.75 + 0.1j, dtype=np.complex64)
arrays = network_inputs(exposures, np.arange(6), canvas, start)
architecture = TypeAdapter(AnyArchitecture).validate_json(architecture)
network = architecture.build(InputGeometry.of(modes), seed=1)
if is_first == "yes":
    network.save_weights(weights)
network.load_weights(weights)
inputs = {name: ops.convert_to_tensor(array) for name, array in arrays.items()}
canvases = network(inputs)
arrays = [*canvases.objects[-1], canvases.intensities[-1]]
np.savez(
    output,
    *[ops.convert_to_numpy(array) for array in arrays],
    network.predict_canvas(exposures, canvas, start, 4, lambda _: None),
)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture",
    [
        UnrolledArchitecture(passes=2, channels=(4, 4)),
        PatchArchitecture(channels=(4, 4)),
        ClassicArchitecture(channels=(4, 4)),
        ClassicArchitecture(channels=(4, 4), gridsize=2),
    ],
    ids=["unrolled", "patch", "classic", "classic of four"],
)
def test_backends_agree(tmp_path, architecture):
    outputs = []
    for backend in ("tensorflow", "torch"):
        path = tmp_path / f"{backend}.npz"
        first = "no" if outputs else "yes"
        arguments = [architecture.model_dump_json(), str(tmp_path / "n.weights.h5"), path, first]
        subprocess.run(
            [sys.executable, "-c", CHILD, *arguments],
            env=os.environ
            | {"KERAS_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=True,
        )
        with np.load(path, allow_pickle=False) as arrays:
            outputs.append([arrays[name] for name in arrays.files])
    for ours, theirs in zip(*outputs, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5 * max(1, np.abs(ours).max()))
