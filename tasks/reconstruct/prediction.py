"""A trained network over a whole scan: the passes of the training, all patterns on one canvas."""

from collections.abc import Callable

import numpy as np
from keras import ops
from numpy.typing import NDArray

from tasks.core.object_file import ObjectWindow
from tasks.core.scan_file import Scan
from tasks.networks.batches import Batch, canvas_of, make_batch
from tasks.networks.fields import ComplexPair
from tasks.networks.unrolled import UnrolledNetwork, predicted_waves, projection_sum


def predict_object(
    network: UnrolledNetwork,
    scan: Scan,
    chunk_size: int,
    after_pass: Callable[[int], None] = lambda _: None,
) -> ObjectWindow:
    """Reconstruct the object that a scan saw.

    A pass sums over the patterns, so neither their order nor the size of the chunks matters
    beyond rounding.

    Args:
        network: Trained network.
        scan: Exposures to reconstruct from.
        chunk_size: Patterns propagated at a time.
        after_pass: Told the number of finished passes.

    Returns:
        Complex single-precision object in the absolute frame. Zero where no light falls.
    """
    canvas = canvas_of(scan.positions_px, scan.n_px)
    batch = make_batch(scan.diffraction_counts, scan.positions_px, scan.probe, canvas)
    object_: ComplexPair = tuple(ops.convert_to_tensor(part) for part in batch.start)
    for number in range(network.architecture.passes):
        total = _projection_sum(object_, batch, canvas.shape, chunk_size)
        step = total[0] * batch.normaliser, total[1] * batch.normaliser
        object_ = network.correct(number, object_, step, ops.convert_to_tensor(batch.coverage))
        after_pass(number + 1)
    real, imaginary = (ops.convert_to_numpy(part) for part in object_)
    values = np.where(batch.coverage > 0, real + 1j * imaginary, 0)
    return ObjectWindow(values.astype(np.complex64), canvas.origin_px)


def _projection_sum(
    object_: ComplexPair, batch: Batch, shape: tuple[int, int], chunk_size: int
) -> ComplexPair:
    real: NDArray[np.float32] = np.zeros(shape, dtype=np.float32)
    imaginary = np.zeros_like(real)
    for start in range(0, len(batch.counts), chunk_size):
        part = slice(start, start + chunk_size)
        probe = batch.probe[0][part], batch.probe[1][part]
        indices = batch.indices[part]
        waves = predicted_waves(object_, probe, indices)
        total = projection_sum(waves, batch.counts[part], probe, indices, shape)
        real = real + ops.convert_to_numpy(total[0])
        imaginary = imaginary + ops.convert_to_numpy(total[1])
    return real, imaginary
