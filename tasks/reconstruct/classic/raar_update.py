"""The exit-wave update of RAAR, in place of pty-chi's.

Luke, Inverse Problems 21, 37 (2005): with P_a the projection onto the counts, P_Q that onto one
object, R = 2 P - 1 their reflections and z the exit waves, z is replaced by

    [beta / 2 (R_Q R_a + 1) + (1 - beta) P_a] z
        = [2 beta P_Q P_a + (1 - 2 beta) P_a + beta (1 - P_Q)] z.

pty-chi 2.2.0 has beta (P_Q - 1) in the last term. A deviation d of z with P_a d = d and P_Q d = 0
then becomes (1 - 3 beta) d in place of (1 - beta) d, and grows for beta above 2/3.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any


def use_published_update(task: Any) -> None:
    """Let a task of RAAR update its exit waves as published."""
    solver = task.reconstructor
    solver.apply_raar_exit_wave_update = partial(_update_exit_waves, solver)


def _update_exit_waves(
    solver: Any,
    counts: Any,
    object_: Any,
    object_of_counts: Any,
    starts: Sequence[int],
    stops: Sequence[int],
    return_exit_wave_update: bool = False,
) -> tuple[Any, None]:
    """Update the exit waves, (J, M, N, N), in chunks; return the summed squared change.

    The objects are those of P_Q z and of P_Q P_a z. The change itself is not kept: it is for a
    probe that varies along the scan, which is refused.
    """
    if return_exit_wave_update:
        raise ValueError("RAAR is for a known probe here: leave the probe fixed.")
    beta, squared = solver.options.beta, 0.0
    for start, stop in zip(starts, stops, strict=True):
        waves = solver.psi[start:stop]
        of_counts = solver.apply_data_projection(waves, counts[start:stop])
        change = (
            2 * beta * solver.synthesize_exit_wave_chunk(object_of_counts, start, stop)
            + (1 - 2 * beta) * of_counts
            - beta * solver.synthesize_exit_wave_chunk(object_, start, stop)
            - (1 - beta) * waves
        )
        squared = squared + (change.abs() ** 2).sum()
        solver.psi[start:stop] = waves + change
    return squared, None
