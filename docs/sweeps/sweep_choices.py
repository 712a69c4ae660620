"""Measures what each choice of the iterative arm is worth: `python docs/sweeps/sweep_choices.py`.

Writes `choices.csv` beside itself: the complex error of the validation object (seed 7) at every
dose and view, with the settings that `dose_settings` chooses and with one of them changed. About
ten CPU-minutes.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from sweep_scans import complex_error, make_scan  # noqa: E402

from tasks.core.files.object_file import read_object  # noqa: E402
from tasks.core.files.scan_reader import map_view  # noqa: E402
from tasks.core.study.stage_record import StageFiles, silent  # noqa: E402
from tasks.reconstruct.params import NoiseModel, PtyChiParams  # noqa: E402
from tasks.reconstruct.ptychi_stage import iterate  # noqa: E402
from tasks.reconstruct.solver_settings import measure_exposure, settings_for  # noqa: E402

SEED = 7
CONDITIONS = [(view, dose) for view in ("sparse", "dense") for dose in (1e3, 1e4, 1e5)]


def choices(paths: dict[str, Path]) -> dict[str, PtyChiParams]:
    """Return the chosen settings of a scan, and each with one thing changed, by name."""
    usual = PtyChiParams(device="cpu")
    scan = map_view(paths["scan"], paths["view"])
    chosen = settings_for(usual, measure_exposure(scan), seed=1)
    other = next(model for model in NoiseModel if model is not chosen.noise_model)
    weight = chosen.total_variation_weight

    def changed(**changes: object) -> PtyChiParams:
        return PtyChiParams.model_validate(usual.model_dump() | changes)

    found = {
        f"chosen ({chosen.noise_model.value}; weight {weight:.3f})": usual,
        f"{other.value}": changed(noise_model=other),
        "no smoothing": changed(total_variation_weight=0),
        "half of the weight": changed(total_variation_weight=weight / 2),
        "twice the weight": changed(total_variation_weight=2 * weight),
        "not accelerated": changed(accelerate=False),
        "batches of 16": changed(batch_size=16),
    }
    if chosen.gaussian_epochs:
        found["poisson from the first epoch"] = changed(noise_model=chosen.noise_model)
    return found


def main() -> None:
    """Run all and write a row for every run."""
    table = Path(__file__).with_name("choices.csv")
    with tempfile.TemporaryDirectory() as name, table.open("w") as rows:
        rows.write("view,dose,run,complex_nrmse\n")
        for view, dose in CONDITIONS:
            paths = make_scan(Path(name), SEED, dose, view)
            folder = paths["scan"].parent
            names = {"reconstruction": "o.h5", "iterates": "i.h5", "history": "h.csv"}
            names |= {"options": "o.json"}
            outputs = {key: folder / file for key, file in names.items()}
            inputs = {key: paths[key] for key in ("scan", "view")}
            for run, params in choices(paths).items():
                iterate(params, StageFiles(inputs, outputs), silent)
                error = complex_error(read_object(outputs["reconstruction"]), paths)
                rows.write(f"{view},{dose:.0e},{run},{error:.4f}\n")
                rows.flush()


if __name__ == "__main__":
    main()
