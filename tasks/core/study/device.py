"""Where frameworks compute."""

from enum import StrEnum


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
