"""In which precision the layers of a network compute; weights and physics are always float32.

bfloat16 has the range of float32 and eight bits of mantissa. Convolutions gain from it where the
processor multiplies it by itself, and lose where it has to be emulated, so the machine is asked.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from tasks.core.study.device import Precision
from tasks.networks.device import framework

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
BFLOAT16_CAPABILITY = 8.0
CPU_INFO = Path("/proc/cpuinfo")


def choose_precision(requested: Precision, device: str) -> Precision:
    """Return the precision to compute in.

    Args:
        requested: What was asked for; `auto` takes bfloat16 where the hardware multiplies it:
            processors with AVX512-BF16 or AMX-BF16, GPUs of compute capability 8 and above.
        device: `cpu` or `cuda`, from `use_device`.
    """
    if requested is not Precision.AUTO:
        return requested
    if device == "cuda":
        has_bfloat16 = framework().compute_capability() >= BFLOAT16_CAPABILITY
    else:
        has_bfloat16 = bool(BFLOAT16_FLAGS & cpu_flags())
    return Precision.MIXED_BFLOAT16 if has_bfloat16 else Precision.FLOAT32


def cpu_flags(cpu_info: Path = CPU_INFO) -> set[str]:
    """Return what the processor can do; nothing where the system does not tell."""
    if sys.platform != "linux" or not cpu_info.is_file():
        return set()
    for line in cpu_info.read_text().splitlines():
        name, _, flags = line.partition(":")
        if name.strip() == "flags":
            return set(flags.split())
    return set()


@contextmanager
def layers_in(precision: Precision) -> Iterator[None]:
    """Let the layers that are built in the block compute in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision.value)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
