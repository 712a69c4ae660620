"""How many cores of the processor a run may use."""

import os

CORES_VARIABLE = "PHASE_G_CORES"


def usable_cores() -> int:
    """Return the number of processor cores that this process may use.

    `PHASE_G_CORES` says how many are its share where several runs work on one machine.

    Raises:
        ValueError: If the variable is not a whole number above 0.
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
