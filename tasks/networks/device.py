"""Where the networks run: repeatable on one processor thread, or on a GPU."""

import keras

from tasks.core.device import Device


def use_device(device: Device) -> str:
    """Choose the device of this process, before anything was computed on it.

    On the processor one thread is used: two threads of one process are slower than two processes,
    and sums are then always taken in the same order. On a GPU memory is taken as needed.

    Args:
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one.

    Returns:
        `cpu` or `cuda`.

    Raises:
        ValueError: If a GPU is asked for and there is none.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Networks run on the TensorFlow backend of Keras, got {keras.backend.backend()!r}. "
            f"Set KERAS_BACKEND=tensorflow."
        )
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if device is Device.CUDA and not gpus:
        raise ValueError("No GPU is visible to TensorFlow. Choose device auto or cpu.")
    if device is not Device.CPU and gpus:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        return "cuda"
    if gpus:
        tf.config.set_visible_devices([], "GPU")
    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    return "cpu"
