"""A trained network over a whole scan, all patterns on one canvas."""

from collections.abc import Callable

import numpy as np

from tasks.core.files.object_file import ObjectWindow
from tasks.networks.architectures.base import CanvasNetwork
from tasks.networks.batches import canvas_of
from tasks.networks.device import without_gradients
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import first_guess


def predict_object(
    network: CanvasNetwork,
    exposures: Exposures,
    chunk_size: int,
    after_pass: Callable[[int], None] = lambda _: None,
) -> ObjectWindow:
    """Reconstruct the object that a scan saw.

    Neither the order of the patterns nor the size of the chunks matters beyond rounding.

    Args:
        network: Trained network.
        exposures: Exposures to reconstruct from.
        chunk_size: Patterns propagated at a time.
        after_pass: Told the number of finished passes, of `network.passes`.

    Returns:
        Complex single-precision object in the absolute frame. Zero where no light falls.
    """
    canvas = canvas_of(exposures.positions_px, exposures.n_px)
    start = np.zeros(canvas.shape, dtype=np.complex64)
    if network.needs_start:
        start = first_guess(exposures, canvas)
    with without_gradients():
        object_ = network.predict_canvas(exposures, canvas, start, chunk_size, after_pass)
    return ObjectWindow(object_, canvas.origin_px)
