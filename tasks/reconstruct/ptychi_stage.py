"""Stage function of Phase F, iterative arm: a view of a scan in, the object out."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.atomic_files import write_json, write_text
from tasks.core.files.object_file import (
    ObjectWindow,
    SaveIterate,
    epochs_to_keep,
    iterates_writer,
    write_object,
)
from tasks.core.files.scan_reader import map_view
from tasks.core.files.scan_record import Scan
from tasks.core.study.seeds import Purpose, spawn_sequence
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.orientation.check import check_orientation
from tasks.reconstruct.classic.settings import classic_settings_for
from tasks.reconstruct.params import ClassicParams, PtyChiParams
from tasks.reconstruct.scan_checks import (
    check_scan,
    detected_photons,
    flat_object,
    given_object,
    lit_area,
)
from tasks.reconstruct.solver_settings import Exposure, measure_exposure, settings_for

if TYPE_CHECKING:
    from tasks.reconstruct.ptychi_solver import Solution
    from tasks.reconstruct.ptychi_solver_task import AnySettings

    Solve = Callable[..., Solution]


@dataclass(frozen=True)
class Start:
    """A checked scan, and what a solver starts from.

    Attributes:
        initial: The object over the box of the scan.
        facts: What the record says of the start.
    """

    scan: Scan
    exposure: Exposure
    initial: ObjectWindow
    facts: dict[str, Any]


def iterate(params: PtyChiParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Reconstruct the exposures of a view with pty-chi.

    Inputs are `scan` (CXI), `view` (JSON) and, to start from another than a flat object, `initial`
    (HDF5); outputs `reconstruction` (HDF5, complex64, in the frame of the object), `iterates`
    (HDF5), `history` (CSV) and `options` (JSON).

    Raises:
        ValueError: If the scan cannot be reconstructed or fits better when turned, the initial
            object is none of this scan, or a GPU is asked for and there is none.
        FloatingPointError: If the solver diverges; the last good object is kept beside the output.
    """
    start = _start(params, files)
    settings = [settings_for(params, start.exposure, seed) for seed in minibatch_seeds(params)]
    if "initial" in files.inputs:
        # A good object needs no faster model to come near.
        settings = [replace(chosen, gaussian_epochs=0) for chosen in settings]

    # Here and not above: whoever imports this module does not import torch. Before the clock
    # starts: loading it is no work of the solver's.
    from tasks.reconstruct.ptychi_solver import solve

    return _solve_and_write(start, partial(solve, device=params.device), settings, files, progress)


def iterate_classic(params: ClassicParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Reconstruct the exposures of a view with ePIE, RAAR or the difference map of pty-chi.

    Files and errors are those of `iterate`. The sources of the algorithms stand in
    `classic/solver.py`, the settings in `classic/settings.py`.
    """
    start = _start(params, files)
    counts_per_px = detected_photons(start.scan) / start.scan.n_px**2
    (seed,) = _minibatch_seeds(params.seed, 1)
    settings = [classic_settings_for(params, start.exposure, counts_per_px, seed)]

    from tasks.reconstruct.classic.solver import solve_classic

    solver = partial(solve_classic, device=params.device)
    return _solve_and_write(start, solver, settings, files, progress)


def minibatch_seeds(params: PtyChiParams) -> list[int]:
    """Return one seed an order; the first is the same however many follow."""
    return _minibatch_seeds(params.seed, params.n_orders)


def _minibatch_seeds(seed: int, n_orders: int) -> list[int]:
    sequence = spawn_sequence(seed, Purpose.MINIBATCHES)
    return [int(state >> 1) for state in sequence.generate_state(n_orders)]


def _start(params: PtyChiParams | ClassicParams, files: StageFiles) -> Start:
    """Read and check a scan, and what its object starts from."""
    scan = map_view(files.inputs["scan"], files.inputs["view"])
    check_scan(scan)
    orientation = check_orientation(scan) if params.check_orientation else None
    given = files.inputs.get("initial")
    return Start(
        scan=scan,
        exposure=measure_exposure(scan),
        initial=flat_object(scan) if given is None else given_object(scan, given),
        facts={"start": "flat" if given is None else "given", "orientation": orientation},
    )


def _solve_and_write(
    start: Start,
    solve: "Solve",
    settings: Sequence["AnySettings"],
    files: StageFiles,
    progress: Progress,
) -> dict[str, Any]:
    """Run a solver once for each order, write what it found, and return the facts of the record."""
    from tasks.reconstruct.ptychi_solver import DivergedError

    started = time.perf_counter()
    try:
        with iterates_writer(files.outputs["iterates"]) as save:
            solutions = _solve(start, solve, settings, progress, save)
    except DivergedError as error:
        raise error.keep(files.outputs["reconstruction"]) from error
    duration = time.perf_counter() - started
    solution = solutions[0]
    facts = _facts_of(start.scan, start.exposure, settings, solutions) | start.facts
    write_object(files.outputs["reconstruction"], replace(solution.window, facts=facts))
    rows = [f"{epoch},{loss!r}\n" for epoch, loss in enumerate(solution.losses, start=1)]
    write_text(files.outputs["history"], "epoch,loss\n" + "".join(rows))
    write_json(files.outputs["options"], without_infinities(solution.options))
    # Of one order; times are no part of the files, so that equal runs are equal.
    return facts | {"solve_s": duration / len(settings)}


def _solve(
    start: Start,
    solve: "Solve",
    settings: Sequence["AnySettings"],
    progress: Progress,
    save: SaveIterate,
) -> list["Solution"]:
    """Run the solver once for each order of the patterns; save the iterates of the first."""
    n_epochs = settings[0].n_epochs
    total, kept = len(settings) * n_epochs, epochs_to_keep(n_epochs)
    save(0, start.initial)

    def watch(number: int, epoch: int, loss: float, window: ObjectWindow) -> None:
        if number == 0 and epoch in kept:
            save(epoch, window)
        progress(number * n_epochs + epoch, total, f"loss {loss:.4g}")

    return [
        solve(start.scan, chosen, start.initial, on_epoch=partial(watch, number))
        for number, chosen in enumerate(settings)
    ]


def _facts_of(
    scan: Scan,
    exposure: Exposure,
    settings: Sequence["AnySettings"],
    solutions: list["Solution"],
) -> dict[str, Any]:
    """Return what is worth knowing of a scan and its solutions, as JSON."""
    solution, spread = solutions[0], None
    if len(solutions) > 1:
        objects = np.stack([found.window.object_ for found in solutions])
        spread = spread_between_orders(objects, lit_area(scan, solution.window))
    return {
        "n_patterns": len(scan),
        "n_probe_modes": len(scan.probe_modes),
        "masked_pixel_fraction": 1 - float(scan.good_pixels.mean()),
        "saturated_fraction": scan.provenance.get("dose", {}).get("saturated_fraction"),
        "photons_per_object_px": exposure.photons_per_px,
        "overlap_ratio": exposure.overlap_ratio,
        "settings": asdict(settings[0]),
        "seeds": [order.seed for order in settings],
        "spread_between_orders": spread,
        "device": solution.device,
        "losses": solution.losses,
        "first_loss": solution.losses[0],
        "last_loss": solution.losses[-1],
    }


def spread_between_orders(objects: NDArray[np.complexfloating], lit: NDArray[np.bool_]) -> float:
    """Return the r.m.s. deviation of objects (K, H, W) from their mean, over that, in lit pixels.

    There is one object an order, at least two. A global phase, which no counts can tell, is taken
    out before.
    """
    values = objects[:, lit].astype(np.complex128)
    overlaps = values @ values[0].conj()
    values = values * np.exp(-1j * np.angle(overlaps))[:, None]
    mean = values.mean(axis=0)
    variance = np.sum(np.abs(values - mean) ** 2) / (len(values) - 1)
    return float(np.sqrt(variance / np.sum(np.abs(mean) ** 2)))


def without_infinities(options: Any) -> Any:
    """Return options with numbers that JSON cannot hold as text; pty-chi reads `"inf"` back."""
    if isinstance(options, dict):
        return {name: without_infinities(value) for name, value in options.items()}
    if isinstance(options, float) and not math.isfinite(options):
        return str(options)
    return options
