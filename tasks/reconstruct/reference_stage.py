"""Stage function of Phase C for a measured scan: the scan in, its probe and a reference out.

The reference is what pty-chi makes of all patterns. It is the best that is known of the sample,
and no truth: it has the noise of the patterns and every fault of the model.
"""

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.core.files.atomic_files import write_json, write_text
from tasks.core.files.object_file import (
    Illumination,
    write_illumination,
    write_object,
)
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import Scan
from tasks.core.study.device import usable_cores
from tasks.core.study.seeds import Purpose, spawn_integer
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.reconstruct.params import PtyChiParams, ReferenceParams
from tasks.reconstruct.ptychi_stage import without_infinities
from tasks.reconstruct.reference_watch import PICTURE, ReferenceWatch
from tasks.reconstruct.scan_checks import check_scan
from tasks.reconstruct.solver_settings import measure_exposure, settings_for

# All that follows in a run needs the reference, so until then every other core is idle.
MOST_THREADS = 2

if TYPE_CHECKING:
    from tasks.reconstruct.probe_refinement import Refined
    from tasks.reconstruct.ptychi_solver import Solution


def make_reference(
    params: ReferenceParams, files: StageFiles, progress: Progress
) -> dict[str, Any]:
    """Find positions and probe of a whole scan, and reconstruct the object with them.

    The input is `scan` (CXI, prepared); outputs are `reference` (HDF5, the object), `illumination`
    (HDF5, probe and positions), `history` (CSV) and `options` (JSON). Beside the reference there is
    a picture of it as it goes.

    Raises:
        ValueError: If the scan cannot be reconstructed.
        FloatingPointError: If the solver diverges.
    """
    # Here and not above: bad input is refused before torch takes its seconds to load.
    scan = read_scan(files.inputs["scan"])
    check_scan(scan)
    from tasks.reconstruct.positions.refine import choose_positions
    from tasks.reconstruct.probe_refinement import refine_probe, with_modes
    from tasks.reconstruct.ptychi_solver import solve

    scan = with_modes(scan, params.n_modes)
    seed = spawn_integer(params.seed, Purpose.MINIBATCHES)
    settings = settings_for(PtyChiParams(), measure_exposure(scan), seed)
    n_object = params.object_epochs or settings.n_epochs
    # It begins with what the refinement found, so no faster model has to come near first.
    settings = replace(settings, n_epochs=n_object, gaussian_epochs=0)
    n_threads = min(MOST_THREADS, usable_cores())
    started = time.perf_counter()
    epochs = (params.probe_epochs, n_object)
    watch = ReferenceWatch(progress, epochs, files.outputs["reference"].with_name(PICTURE))
    found = choose_positions(scan, params, watch.positions_round, n_threads)
    moved_scan = replace(scan, positions_px=found.positions_px)
    refined = refine_probe(moved_scan, params, watch.probe_epoch, n_threads)
    solution = solve(
        refined.scan, settings, refined.window, params.device, watch.object_epoch, n_threads
    )
    facts = _facts(params, scan, refined) | {
        "positions": found.record,
        "settings": asdict(settings),
        "object_losses": solution.losses,
        "device": solution.device,
        "n_threads": n_threads,
    }
    _write_outputs(files, facts, refined, solution)
    return facts | {"solve_s": time.perf_counter() - started}


def _write_outputs(
    files: StageFiles, facts: dict[str, Any], refined: "Refined", solution: "Solution"
) -> None:
    window = replace(solution.window, facts=facts | {"role": "reference"})
    write_object(files.outputs["reference"], window)
    light = Illumination(refined.scan.probe_modes, refined.scan.positions_px, facts)
    write_illumination(files.outputs["illumination"], light)
    losses = [("probe", loss) for loss in refined.losses]
    losses += [("object", loss) for loss in solution.losses]
    rows = [f"{number},{what},{loss!r}\n" for number, (what, loss) in enumerate(losses, start=1)]
    write_text(files.outputs["history"], "epoch,refined,loss\n" + "".join(rows))
    options = {"probe": refined.options, "object": solution.options}
    write_json(files.outputs["options"], without_infinities(options))


def _facts(params: ReferenceParams, scan: Scan, refined: "Refined") -> dict[str, Any]:
    """Return how the illumination changed, as JSON."""
    modes, first = refined.scan.probe_modes, scan.probe_modes
    energies = np.sum(np.abs(modes) ** 2, axis=(1, 2))
    overlap = abs(np.vdot(first[0], modes[0])) / np.sqrt(
        np.sum(np.abs(first[0]) ** 2) * energies[0]
    )
    moved = refined.scan.positions_px - scan.positions_px
    return {
        "n_patterns": len(scan),
        "params": params.model_dump(mode="json"),
        "probe_losses": refined.losses,
        "mode_energies": (energies / energies.sum()).tolist(),
        "likeness_to_first_guess": float(overlap),
        "position_change_rms_px": float(np.sqrt(np.mean(moved**2))),
        "position_change_largest_px": float(np.abs(moved).max()),
    }
