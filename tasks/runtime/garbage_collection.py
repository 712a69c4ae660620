"""Python's collector of garbage, kept from looking through modules while they load.

Loading a framework makes a million objects and hardly any garbage. The collector looks through
them again and again, and once more when the process ends: 4 of the 11 s that a process with
TensorFlow or torch takes to start and end.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BETWEEN_COLLECTIONS = 50_000


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Let the collector look rarely while the block runs, and not at all when the process ends.

    For the whole life of a process: what it leaves is given back with the process.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    finally:
        gc.freeze()
