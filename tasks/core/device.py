"""Where frameworks compute."""

from enum import Enum


class Device(str, Enum):
    """Processor of a framework stage; `auto` takes a GPU where there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
