"""Stage function of Phase F, iterative arm: a view of a scan in, the object out."""

import math
from dataclasses import asdict
from typing import Any

from tasks.core.files import write_json, write_text
from tasks.core.object_file import ObjectWindow, write_object
from tasks.core.seeds import Purpose, spawn_integer
from tasks.core.stages import Progress, StageFiles
from tasks.core.view_file import map_view
from tasks.reconstruct.dose_settings import measure_exposure, settings_for
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.scan_checks import check_scan


def iterate(params: PtyChiParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Reconstruct the exposures of a view with pty-chi, from a flat object.

    Args:
        params: Parameters of the solver.
        files: Inputs `scan` (CXI) and `view` (JSON); outputs `reconstruction` (HDF5, complex64,
            in the frame of the object), `history` (CSV) and `options` (JSON).
        progress: Told after each epoch.

    Returns:
        What is known of probe and detector, dose on the sample, settings that it led to, first and
        last loss.

    Raises:
        ValueError: If the scan cannot be reconstructed, or a GPU is asked for and there is none.
        FloatingPointError: If the solver diverges.
    """
    scan = map_view(files.inputs["scan"], files.inputs["view"])
    check_scan(scan)
    exposure = measure_exposure(scan)
    seed = spawn_integer(params.seed, Purpose.MINIBATCHES)
    settings = settings_for(params, exposure, seed)

    # Here and not above: bad input is refused before torch takes its seconds to load, and
    # whoever imports this module does not import torch.
    from tasks.reconstruct.ptychi_solver import solve

    solution = solve(
        scan,
        settings,
        params.device,
        lambda epoch, loss: progress(epoch, settings.n_epochs, f"loss {loss:.4g}"),
    )
    facts = {
        "n_patterns": len(scan),
        "n_probe_modes": len(scan.probe_modes),
        "masked_pixel_fraction": 1 - float(scan.good_pixels.mean()),
        "saturated_fraction": scan.provenance.get("dose", {}).get("saturated_fraction"),
        "photons_per_object_px": exposure.photons_per_px,
        "overlap_ratio": exposure.overlap_ratio,
        "settings": asdict(settings) | {"noise_model": settings.noise_model.value},
        "device": solution.device,
        "first_loss": solution.losses[0],
        "last_loss": solution.losses[-1],
    }
    window = solution.window
    write_object(
        files.outputs["reconstruction"], ObjectWindow(window.object_, window.origin_px, facts)
    )
    rows = [f"{epoch},{loss!r}\n" for epoch, loss in enumerate(solution.losses, start=1)]
    write_text(files.outputs["history"], "epoch,loss\n" + "".join(rows))
    write_json(files.outputs["options"], _without_infinities(solution.options))
    return facts


def _without_infinities(options: Any) -> Any:
    """Return options with numbers that JSON cannot hold as text; pty-chi reads `"inf"` back."""
    if isinstance(options, dict):
        return {name: _without_infinities(value) for name, value in options.items()}
    if isinstance(options, float) and not math.isfinite(options):
        return str(options)
    return options
