"""The environment that processes of stages run in."""

import os

from tasks.runtime.process_lifetime import child_environment

STAGE_ENVIRONMENT = {
    # One thread a process: two threads on two busy cores are many times slower than one.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # What an array frees stays with the process. GNU's allocator gives large blocks back and
    # fetches new ones, zeroed, for the next array: a quarter of the time of pty-chi.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**26),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
}


def stage_environment() -> dict[str, str]:
    """Return the environment of a process that runs stages, or that they are forked from."""
    return os.environ | STAGE_ENVIRONMENT | child_environment()
