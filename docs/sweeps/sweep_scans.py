"""The simulated scans of the sweeps, and the error of an object on them.

The objects are those of validation seeds, which no comparison of the study uses.
"""

from pathlib import Path

import numpy as np

from flows.params.profiles import resolve
from flows.params.run import PhaseGParams
from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.alignment.region import ComparisonParams, scored_region
from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.scan_reader import open_view
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.stage import simulate
from tasks.views.stage import select_view

SCORING = ComparisonParams()


def make_scan(
    folder: Path, seed: int, dose: float, view: str, split: str = "test"
) -> dict[str, Path]:
    """Simulate scans of the study's size; return the paths of one, its view and its truth."""
    params = resolve(PhaseGParams(photons_per_pattern=dose, view=view, seed=seed))
    where = folder / f"{seed}_{dose:.0e}"
    paths = {name: where / f"{name}.cxi" for name in ("train", "test")}
    paths["truth"] = where / "truth.h5"
    if not paths["truth"].is_file():
        simulate(params.simulation, StageFiles({}, paths), silent)
    outputs = {"view": "view.json", "overlap": "o.json", "coverage": "c.npz", "plot": "p.png"}
    chosen = {name: where / split / view / file for name, file in outputs.items()}
    select_view(params.view, StageFiles({"scan": paths[split]}, chosen), silent)
    return {"scan": paths[split], "view": chosen["view"], "truth": paths["truth"]}


def complex_error(window: ObjectWindow, paths: dict[str, Path]) -> float:
    """Return the relative complex error in the gauge and region of the comparison."""
    header = open_view(paths["scan"], paths["view"]).header
    region = scored_region(header, SCORING.coverage_fraction, SCORING.erosion_px)
    truth = read_object(paths["truth"]).cut(region.box)
    image = np.nan_to_num(window.cut(region.box))
    gauge = fit_gauge(image, truth, region.weights, max_shift_px=SCORING.max_shift_px)
    rest = (remove_gauge(image, gauge, region.lit) - truth)[region.mask]
    return float(np.linalg.norm(rest) / np.linalg.norm(truth[region.mask]))
