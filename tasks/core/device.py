"""Where frameworks compute."""

from enum import StrEnum


class Device(StrEnum):
    """Processor of a framework stage; `auto` takes a GPU where there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
