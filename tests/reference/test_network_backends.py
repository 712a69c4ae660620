"""The same weights and patterns give the same object on both backends of Keras."""

import json
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

ARCHITECTURES = {
    "unrolled": UnrolledArchitecture(passes=2, channels=(4, 4)),
    "patch": PatchArchitecture(channels=(4, 4)),
    "classic": ClassicArchitecture(channels=(4, 4)),
    "classic of four": ClassicArchitecture(channels=(4, 4), gridsize=2),
}
# TensorFlow and torch never share a process. The first backend makes the weights.
CHILD = """
import json
import sys
from pathlib import Path

import numpy as np
from keras import ops
from pydantic import TypeAdapter

from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.networks.architectures import AnyArchitecture
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.batches import canvas_of, network_inputs
from tasks.networks.exposures import Exposures, InputGeometry

folder, backend = Path(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(2)
counts = rng.poisson(3.0, size=(6, 32, 32)).astype(np.uint16)
modes = 40 * defocused_zone_plate_probe(32, 0.4, 0.3, 4.0)[None].astype(np.complex64)
positions = rng.uniform(20, 40, size=(6, 2))
good = rng.uniform(size=(32, 32)) < 0.98
exposures = Exposures(positions, modes, good, lambda indices: counts[indices])
canvas = canvas_of(positions, 32)
start = np.full(canvas.shape, 0.75 + 0.1j, dtype=np.complex64)
arrays = network_inputs(exposures, np.arange(6), canvas, start)
inputs = {name: ops.convert_to_tensor(array) for name, array in arrays.items()}
for name, fields in json.loads(sys.argv[3]).items():
    architecture = TypeAdapter(AnyArchitecture).validate_python(fields)
    network = CanvasNetwork(architecture, InputGeometry.of(modes), seed=1)
    weights = folder / f"{name}.weights.h5"
    if not weights.is_file():
        network.save_weights(weights)
    network.load_weights(weights)
    canvases = network(inputs)
    arrays = [*canvases.objects[-1], canvases.intensities[-1]]
    np.savez(
        folder / f"{name}_{backend}.npz",
        *[ops.convert_to_numpy(array) for array in arrays],
        network.predict_canvas(exposures, canvas, start, 4, lambda _: None),
    )
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what all architectures give, a process for each backend."""
    where = tmp_path_factory.mktemp("backends")
    fields = {name: one.model_dump(mode="json") for name, one in ARCHITECTURES.items()}
    for backend in ("tensorflow", "torch"):
        subprocess.run(
            [sys.executable, "-c", CHILD, str(where), backend, json.dumps(fields)],
            env=os.environ
            | {"KERAS_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=True,
        )
    return where


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_backends_agree(folder, name):
    outputs = []
    for backend in ("tensorflow", "torch"):
        with np.load(folder / f"{name}_{backend}.npz", allow_pickle=False) as arrays:
            outputs.append([arrays[key] for key in arrays.files])
    for ours, theirs in zip(*outputs, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5 * max(1, np.abs(ours).max()))
