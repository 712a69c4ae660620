"""A trained network on disk: weights (HDF5), beside the record of the model (JSON)."""

from pathlib import Path

from tasks.core.files.atomic_files import atomic_path
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.model_record import ModelRecord, refuse_other_weights


def write_weights(path: Path, network: CanvasNetwork) -> None:
    """Write weights in the format of Keras, whole or not at all; `path` ends in `.weights.h5`."""
    with atomic_path(path) as temporary:
        named = temporary.with_suffix(".weights.h5")
        try:
            network.save_weights(named)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)


def load_network(weights_path: Path, record: ModelRecord) -> CanvasNetwork:
    """Build a network from its record and read its weights.

    ValueError if the weights are damaged or belong to another record.
    """
    refuse_other_weights(weights_path, record)
    network = CanvasNetwork(record.architecture, record.optics, seed=0)
    network.load_weights(weights_path)
    return network
