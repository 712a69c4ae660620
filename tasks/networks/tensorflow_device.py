"""TensorFlow's side of `tasks.networks.device`; nothing else imports TensorFlow by name."""

import tensorflow as tf


def n_gpus() -> int:
    """Return the number of GPUs that TensorFlow sees."""
    return len(tf.config.list_physical_devices("GPU"))


def use_cpu() -> None:
    """Compute on one processor thread, so that sums are always taken in the same order."""
    if n_gpus():
        tf.config.set_visible_devices([], "GPU")
    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def use_gpu() -> None:
    """Compute on the GPU, taking its memory as needed; the order of its sums is its own."""
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def compute_capability() -> float:
    """Return the compute capability of the first GPU, 0 where there is none."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return 0.0
    major, minor = tf.config.experimental.get_device_details(gpus[0]).get(
        "compute_capability", (0, 0)
    )
    return float(major) + float(minor) / 10
