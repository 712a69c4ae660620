"""`python -m tasks.simulate`: a simulated scan without the rest of the study.

The options are those of `SimulationParams`, read from the model itself, nested ones as
`--probe.n-px`.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tasks.commands import EXIT_SUCCESS, new_app, run_app, say, tell
from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import ScanReader
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageFiles
from tasks.simulate.params import SimulationParams
from tasks.simulate.simulation_figure import write_simulation_plot
from tasks.simulate.stage import simulate

OUTPUTS = {
    **{split.value: f"{split.value}.cxi" for split in Split},
    "truth": "truth.h5",
    "parameters": "parameters.json",
    "plot": "simulation.png",
}


def make_scan(
    folder: Path,
    /,
    *,
    params: Annotated[SimulationParams, Parameter(name="*")] = SimulationParams(),  # noqa: B008
    parameters: Path | None = None,
    force: bool = False,
) -> int:
    """Simulate the training and the test scan of an object, and draw them.

    Parameters
    ----------
    folder
        Where to write train.cxi, test.cxi, truth.h5, parameters.json and simulation.png; made
        if it is not there.
    parameters
        JSON or YAML file of parameters, such as the parameters.json of another scan; options on
        the command line go before it.
    force
        Replace files that are there.
    """
    del parameters  # Read before the options are, by `run_app`.
    outputs = {name: folder / file for name, file in OUTPUTS.items()}
    _refuse_place(folder, list(outputs.values()), force=force)
    is_new = not folder.exists()
    try:
        facts = simulate(params, StageFiles({}, outputs), tell)
    except ValueError:
        if not force:
            _take_back(folder, outputs.values(), is_new=is_new)
        raise
    write_json(outputs["parameters"], params.model_dump(mode="json"))
    write_simulation_plot(
        outputs["plot"],
        read_object(outputs["truth"]),
        {split: ScanReader(outputs[split.value], cache_bytes=0) for split in Split},
    )
    height, width = facts["object_shape"]
    say(f"Object of {height} x {width} px, probe of {facts['probe_diameter_px']:.1f} px")
    for path in outputs.values():
        say(f"  {path}")
    return EXIT_SUCCESS


def simulate_app() -> App:
    """Return the command line of a scan alone."""
    return new_app(
        "tasks.simulate",
        make_scan,
        "Simulate a scan: object, probe, positions and dose make diffraction counts.",
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 all good, 2 bad input."""
    return run_app(simulate_app(), sys.argv[1:] if arguments is None else arguments)


def _refuse_place(folder: Path, paths: list[Path], *, force: bool) -> None:
    """Refuse a place that cannot be written to, or that holds a scan already."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file. Name a folder.")
    taken = [path.name for path in paths if path.exists()]
    if taken and not force:
        raise ValueError(
            f"{folder} holds {', '.join(taken)} already. Name another folder, or replace them "
            f"with --force."
        )


def _take_back(folder: Path, paths: Iterable[Path], *, is_new: bool) -> None:
    """Remove what half a scan has left, and the folder where it was made for it."""
    for path in paths:
        path.unlink(missing_ok=True)
    if is_new and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
