"""ePIE, RAAR and the difference map of pty-chi on one scan, as published.

* ePIE: Maiden & Rodenburg, Ultramicroscopy 109, 1256 (2009). pty-chi sums the updates of a
  minibatch; with batches of one it is the published loop.
* RAAR: Luke, Inverse Problems 21, 37 (2005), with an update of our own (`raar_update`).
* DM: Thibault et al., Science 321, 379 (2008), and Ultramicroscopy 109, 338 (2009), equation (9).

RAAR and DM take all patterns at once and keep the exit waves of all.
"""

from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Scan
from tasks.core.study.device import Device
from tasks.reconstruct.classic.raar_update import use_published_update
from tasks.reconstruct.classic.settings import ClassicSettings
from tasks.reconstruct.params import ClassicAlgorithm
from tasks.reconstruct.ptychi_solver import (
    OnEpoch,
    Solution,
    follow_epochs,
    object_of,
    prepare_torch,
    run_epoch,
)
from tasks.reconstruct.ptychi_solver_task import build_task

CURE = "This arm has no settings of its own: leave it out of --arms, or choose PtyChi."


def solve_classic(
    scan: Scan,
    settings: ClassicSettings,
    initial: ObjectWindow,
    device: Device,
    on_epoch: OnEpoch,
    n_threads: int = 1,
) -> Solution:
    """Reconstruct the object of a checked scan (`check_scan`) from an initial one over its box.

    `on_epoch` is told the number of every finished epoch, from 1, its loss, and the
    object. The losses of RAAR and DM are the root of the summed squared change of all exit waves
    [sqrt(photons)], not an error of the counts.

    Raises:
        DivergedError: If loss or object are not finite; it holds the last good object.
        ValueError: If a GPU is asked for and there is none.
    """
    torch_device = prepare_torch(device, n_threads)
    task = build_task(scan, settings, initial, torch_device)
    if settings.algorithm is ClassicAlgorithm.RAAR:
        use_published_update(task)
    epochs = ((run_epoch(task), object_of(task)) for _ in range(settings.n_epochs))
    window, losses = follow_epochs(
        task, settings, initial, epochs, lambda _epoch, found, _before: found, on_epoch, CURE
    )
    return Solution(window, losses, task.get_options_as_dict(), torch_device)
