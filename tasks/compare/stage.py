"""Stage function of Phase G: reconstructions and the truth in, metrics and pictures out."""

from typing import Any

from tasks.catalogue.headline import SOLVER
from tasks.catalogue.metric import AMPLITUDE, PHASE
from tasks.catalogue.metrics.mae import METRIC as MAE
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.region import (
    ComparisonParams,
    inside_every_window,
    scored_region,
)
from tasks.compare.comparison_record import comparison_record
from tasks.compare.convergence import Convergence, convergence_of
from tasks.compare.evaluator import Evaluator, ModelResult
from tasks.compare.output_files import Comparison, write_outputs
from tasks.compare.placement.place import PLACEMENT
from tasks.compare.reference_object import read_reference_object
from tasks.compare.truth_free.evidence import with_flat_predicted
from tasks.compare.truth_free.half_sets import with_half_sets
from tasks.core.files.atomic_files import read_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import open_view
from tasks.core.study.stage_record import Progress, StageFiles

SELF_COMPARISON = (
    f"the reference is {SOLVER.name}'s own reconstruction of the same patterns: its distance from "
    f"that is no measure of quality"
)


def compare(params: ComparisonParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Hold every arm against the truth or a reference, in one region, aligned in one way.

    Inputs are `scan` (CXI), `view` (JSON), `truth` or, of a measured scan, `reference` (HDF5), at
    least one reconstruction (HDF5) under the name of its arm; for networks their record (JSON)
    under `<arm>.model`, and for those of another hub where they come from (JSON) under
    `<arm>.source`; for solvers what they had found on the way (HDF5) under `<arm>.iterates`;
    and for a comparison without the truth `view.odd`, `view.even` (JSON), `<arm>.odd` and
    `<arm>.even` (HDF5). Outputs are `metrics` (CSV), `plot` (PNG), `aligned` (NPZ) and `comparison`
    (JSON), and where they are asked for `frc`, `blocks`, `convergence` (CSV) and
    `convergence_plot` (PNG).

    Returns:
        The region, what was removed from each arm, flags, and why metrics have no value.

    Raises:
        ValueError: If there is no reconstruction, one does not cover the region or is not finite
            inside it, or the truth belongs to another scan or does not cover the region.
    """
    models = [entry.name for entry in RECONSTRUCTIONS.with_stages]
    present = [name for name in models if name in files.inputs]
    if not present:
        raise ValueError(
            f"There is nothing to compare. Give at least one reconstruction, under the name of its "
            f"arm: {', '.join(models)}."
        )
    scan = open_view(files.inputs["scan"], files.inputs["view"])
    windows = {arm: read_object(files.inputs[arm]) for arm in present}
    region = scored_region(scan.header, params.coverage_fraction, params.erosion_px)
    file_names = {arm: files.inputs[arm].name for arm in present}
    region, coverage = inside_every_window(region, windows, file_names, params.min_window_coverage)
    reference = read_reference_object(scan.header, files, region)
    evaluator = Evaluator(region, reference, params.max_shift_px)

    total = len(present) + len(RECONSTRUCTIONS.images) + 1
    results: dict[str, ModelResult] = {}
    curves: dict[str, Convergence] = {}
    for arm in present:
        image = windows[arm].cut(region.box)
        try:
            result = evaluator.evaluate(image, coverage[arm])
            iterates = files.inputs.get(f"{arm}.iterates")
            if not reference.is_truth and arm == SOLVER.name:
                result = result.unscored(SELF_COMPARISON)
            if reference.is_truth and iterates is not None:
                curves[arm] = convergence_of(iterates, evaluator, result.gauge)
                result = result.with_scores(curves[arm].scores)
            results[arm] = with_half_sets(arm, result, files, params)
        except ValueError as error:
            raise ValueError(f"{arm} ({files.inputs[arm].name}): {error}") from error
        progress(len(results), total, _headline(arm, results[arm]))
    results |= evaluator.evaluate_controls(scan.header)
    blocks: dict[str, list[float | None]] = {}
    if not reference.is_truth:
        results, blocks = with_flat_predicted(results, files, evaluator, params)
    records = {
        arm: read_json(files.inputs[f"{arm}.model"])
        for arm in models
        if f"{arm}.model" in files.inputs
    }
    taken = {
        name: read_json(files.inputs[f"{name}.source"])["differences"]
        for name in present
        if f"{name}.source" in files.inputs
    }
    placements = {
        name: window.facts[PLACEMENT]
        for name, window in windows.items()
        if PLACEMENT in window.facts
    }
    found = Comparison(scan, evaluator, results, curves, records, taken, placements, blocks)
    record = comparison_record(params, found)
    write_outputs(files.outputs, found, record)
    progress(total, total, f"compared {', '.join(present)} over {int(region.mask.sum())} pixels")
    return record


def _headline(model: str, result: ModelResult) -> str:
    """Return one line about a model."""
    amplitude, phase = (result.value(MAE.name, part) for part in (AMPLITUDE, PHASE))
    if amplitude is None or phase is None:
        return f"{model}: not held against itself"
    return f"{model}: MAE {amplitude:.4f} in amplitude, {phase:.4f} rad in phase"
