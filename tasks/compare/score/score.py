"""Scores of objects of any program: one region, one gauge, every metric, and the controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.catalogue.metric import Score
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.region import (
    Region,
    inside_every_window,
    scored_region,
)
from tasks.compare.evaluator import Evaluator, ModelResult
from tasks.compare.reference_object import ReferenceObject, read_reference_object
from tasks.compare.score.agreement import PairAgreement, agreements
from tasks.compare.score.deviance import DEVIANCE, R_FACTOR, fit_to_patterns
from tasks.compare.score.inputs import Inputs, read_inputs
from tasks.compare.score.params import ScoreFiles, ScoreParams
from tasks.compare.score.shared_region import shared_region
from tasks.compare.score.threads import for_each
from tasks.core.files.object_file import ObjectWindow
from tasks.core.geometry.scored_pixels import largest_rectangle
from tasks.core.study.stage_record import StageFiles

OURS = "phase-g"
NOTHING_TO_COMPARE = (
    "One object alone can be held against nothing. Name a second one, or give --truth, --reference "
    "or --scan."
)


@dataclass(frozen=True)
class Scored:
    """What was found of all objects.

    Attributes:
        results: Objects and controls, by name, in the order of the table.
        pairs: How far every two objects are apart; empty where the truth is known.
        against: What the objects are held against, in words.
    """

    files: ScoreFiles
    params: ScoreParams
    inputs: Inputs
    evaluator: Evaluator
    results: dict[str, ModelResult]
    pairs: list[PairAgreement]
    against: str

    @property
    def objects(self) -> dict[str, ModelResult]:
        """The results without the controls."""
        return {name: self.results[name] for name in self.files.objects}


def score_files(files: ScoreFiles, params: ScoreParams) -> Scored:
    """Score the objects of some files; nothing is written.

    Raises:
        ValueError: If a file is no good, objects do not share a region, one has no place, or there
            is nothing to hold them against.
    """
    if files.base is None and files.scan is None and len(files.objects) < 2:
        raise ValueError(NOTHING_TO_COMPARE)
    inputs = read_inputs(files, params)
    region, coverage = _region(files, inputs, params)
    reference = _reference(files, inputs, region)
    evaluator = Evaluator(region, reference, params.max_shift_px)
    results = _results(files, inputs, evaluator, coverage)
    pairs = []
    if not files.is_truth:
        images = {name: result.aligned for name, result in results.items()}
        pairs = agreements(images, region, reference.rectangle, params.max_shift_px)
    if files.base is not None:
        results |= _controls(evaluator, inputs)
    light = params.held_out_light_fraction
    results = {name: _with_deviance(one, inputs, region, light) for name, one in results.items()}
    first = next(iter(files.objects))
    against = first if files.base is None else f"the {files.base_name} {files.base.name}"
    return Scored(files, params, inputs, evaluator, results, pairs, against)


def _region(
    files: ScoreFiles, inputs: Inputs, params: ScoreParams
) -> tuple[Region, dict[str, float]]:
    """Return the scored region, and the share of it that each object's window held."""
    windows = {name: one.window for name, one in inputs.placements.items()}
    if inputs.scan is None:
        region = shared_region(inputs.base, windows, params.erosion_px)
        return region, dict.fromkeys(windows, 1.0)
    header = inputs.scan.header
    region = scored_region(header, params.coverage_fraction, params.erosion_px)
    file_names = {name: path.name for name, path in files.objects.items()}
    return inside_every_window(region, windows, file_names, params.min_window_coverage)


def _reference(files: ScoreFiles, inputs: Inputs, region: Region) -> ReferenceObject:
    """Return what objects are held against, in the box of the region.

    Raises:
        ValueError: If it does not cover the region, or the scan names another truth as its own.
    """
    is_ours = files.base is not None and inputs.base_format == OURS
    if is_ours and files.base and files.scan and inputs.scan is not None:
        paths: dict[str, Path] = {"scan": files.scan, files.base_name: files.base}
        return read_reference_object(inputs.scan.header, StageFiles(paths, {}), region)
    part = inputs.base.cut(region.box)
    lost = int(np.count_nonzero(~np.isfinite(part[region.mask])))
    if lost:
        raise ValueError(
            f"What objects are held against does not cover {lost} of {int(region.mask.sum())} "
            f"scored pixels. Name an object that covers the whole scan."
        )
    known = np.where(np.isfinite(part), part, 0.0)
    return ReferenceObject(known, region.mask, largest_rectangle(region.mask), files.is_truth)


def _results(
    files: ScoreFiles, inputs: Inputs, evaluator: Evaluator, coverage: Mapping[str, float]
) -> dict[str, ModelResult]:
    """Return the results of the objects; the one that others are held against has no scores."""

    def result_of(name: str) -> ModelResult:
        image = inputs.placements[name].window.cut(evaluator.region.box)
        try:
            result = evaluator.evaluate(image, coverage[name])
        except ValueError as error:
            raise ValueError(f"{name} ({files.objects[name].name}): {error}") from error
        if files.base is None and name == next(iter(files.objects)):
            return result.unscored(f"{name} is what the others are held against")
        return result

    return dict(zip(files.objects, for_each(result_of, files.objects), strict=True))


def _with_deviance(
    result: ModelResult, inputs: Inputs, region: Region, light_fraction: float
) -> ModelResult:
    """Return a result with what the patterns of the scan say of it, where there is one.

    It is asked in the gauge of what it is held against: the probe of the scan belongs to that.
    """
    if inputs.scan is None:
        return result
    window = ObjectWindow(result.aligned, region.box.corner_px)
    found = fit_to_patterns(inputs.scan, window, region, light_fraction)
    if found is None:
        nothing = Score(None, reason="the object can predict no pattern of the scan")
        return result.with_scores({DEVIANCE: nothing, R_FACTOR: nothing})
    return result.with_scores(
        {DEVIANCE: Score(found.misfit.deviance_per_px), R_FACTOR: Score(found.misfit.r_factor)}
    )


def _controls(evaluator: Evaluator, inputs: Inputs) -> dict[str, ModelResult]:
    """Return the images that are made of the truth; without a scan those that need none."""
    if inputs.scan is not None:
        return evaluator.evaluate_controls(inputs.scan.header)
    object_, mask = evaluator.reference.object_, evaluator.region.mask
    results = {}
    for entry in RECONSTRUCTIONS.images:
        image = entry.image(object_, np.zeros((0, 2)), np.ones((2, 2), dtype=complex), mask)
        # What is stitched of patches is empty without a scan.
        if image is not None and np.any(image[mask]):
            results[entry.name] = evaluator.evaluate(image, is_aligned=entry.is_aligned)
    return results
