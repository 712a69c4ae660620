"""Refining the probe together with the object.

LSQML with Gaussian statistics, as pty-chi ships it (Odstrcil, Menzel & Guizar-Sicairos, Opt.
Express 26, 3108 (2018)): neither accelerated nor smoothed, because a probe that still changes makes
both unstable.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Scan
from tasks.core.physics.probe import incoherent_modes
from tasks.core.study.seeds import Purpose, spawn_integer
from tasks.reconstruct.params import PtyChiParams, ReferenceParams
from tasks.reconstruct.ptychi_solver import (
    OnEpoch,
    inner_part,
    object_of,
    prepare_torch,
    run_epoch,
)
from tasks.reconstruct.ptychi_solver_task import build_task
from tasks.reconstruct.scan_checks import flat_object
from tasks.reconstruct.solver_settings import measure_exposure, settings_for

WEAK_MODE_DECAY = 0.05
FIRST_PROBE_EPOCH = 1


@dataclass(frozen=True)
class Refined:
    """The scan with refined modes, and the object over the box of all patches.

    Losses are mean squared errors of the square roots of the counts in each epoch.
    """

    scan: Scan
    window: ObjectWindow
    losses: list[float]
    options: dict[str, Any]


def with_modes(scan: Scan, n_modes: int | None) -> Scan:
    """Return a scan whose probe has as many modes as asked for: the strongest, or weak new ones."""
    have = scan.probe_modes
    if n_modes is None or n_modes == len(have):
        return scan
    if n_modes < len(have):
        kept = have[:n_modes]
        modes = kept * np.sqrt(np.sum(np.abs(have) ** 2) / np.sum(np.abs(kept) ** 2))
    else:
        modes = incoherent_modes(scan.probe, n_modes, WEAK_MODE_DECAY)
    return replace(scan, modes=modes if n_modes > 1 else None, probe=modes[0])


def joint_task(
    scan: Scan, initial: ObjectWindow, params: PtyChiParams, seed: int, torch_device: str
) -> Any:
    """Return pty-chi's task for object and probe together, the probe from the second epoch on."""
    settings = settings_for(params, measure_exposure(scan), seed)

    def free_probe(options: Any) -> None:
        options.probe_options.optimizable = True
        options.probe_options.optimization_plan.start = FIRST_PROBE_EPOCH

    return build_task(scan, settings, initial, torch_device, free_probe)


def refine_probe(
    scan: Scan,
    params: ReferenceParams,
    on_epoch: OnEpoch,
    n_threads: int = 1,
) -> Refined:
    """Refine the probe of a checked scan from a flat object; it carries the photons already.

    `on_epoch` is told the number of every finished epoch, from 1, its loss, and the object.

    Raises:
        FloatingPointError: If loss, object or probe are not finite.
    """
    torch_device = prepare_torch(params.device, n_threads)
    initial = flat_object(scan)
    seed = spawn_integer(params.seed, Purpose.MINIBATCHES)
    solver = PtyChiParams(plain=True, n_epochs=params.probe_epochs, batch_size=params.batch_size)
    task = joint_task(scan, initial, solver, seed, torch_device)
    losses: list[float] = []
    for epoch in range(1, params.probe_epochs + 1):
        losses.append(run_epoch(task))
        on_epoch(epoch, losses[-1], inner_part(object_of(task), initial))
    modes = task.get_data_to_cpu("probe", as_numpy=True)[0].astype(np.complex128) * scan.n_px
    window = inner_part(object_of(task), initial)
    if not all(np.all(np.isfinite(found)) for found in (losses, window.object_, modes)):
        raise FloatingPointError(
            f"The refinement of the probe diverged: loss, object or probe are not finite after "
            f"{params.probe_epochs} epochs. Lower reference.batch_size, give a better first guess "
            f"of the probe, or fewer modes."
        )
    return Refined(_scan_with(scan, modes), window, losses, task.get_options_as_dict())


def _scan_with(scan: Scan, modes: NDArray[np.complex128]) -> Scan:
    """Return the scan with refined modes, the strongest first."""
    order = np.argsort(-np.sum(np.abs(modes) ** 2, axis=(1, 2)), kind="stable")
    modes = modes[order]
    return replace(scan, probe=modes[0], modes=modes if len(modes) > 1 else None)
