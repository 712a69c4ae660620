"""Where frameworks compute, and how many cores of the processor a run may use."""

import os
from enum import StrEnum

CORES_VARIABLE = "PHASE_G_CORES"


class Device(StrEnum):
    """Processor of a framework stage; `auto` takes a GPU where there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Backend(StrEnum):
    """Framework that the networks run on; the weights fit both."""

    TENSORFLOW = "tensorflow"
    TORCH = "torch"


class Precision(StrEnum):
    """Precision of the networks' layers; `auto` takes bfloat16 where the hardware gains from it."""

    AUTO = "auto"
    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"


def usable_cores() -> int:
    """Return the number of processor cores that this process may use.

    `PHASE_G_CORES` says how many are its share where several runs work on one machine; ValueError
    if it is not a whole number above 0.
    """
    asked = os.environ.get(CORES_VARIABLE)
    if asked:
        if not asked.isdecimal() or int(asked) < 1:
            raise ValueError(
                f"{CORES_VARIABLE} is the number of cores of a run, 1 or more, got {asked!r}. "
                f"Correct it, or unset it to use all."
            )
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
