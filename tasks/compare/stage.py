"""Stage function of Phase G: reconstructions and the truth in, metrics and a picture out."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from tasks.compare.controls import CONTROLS
from tasks.compare.figure import write_comparison_plot
from tasks.compare.gauge import Gauge, fit_gauge, remove_gauge
from tasks.compare.params import ComparisonParams
from tasks.compare.region import Region, largest_rectangle, scored_region
from tasks.compare.scores import Complex, Reference, score
from tasks.compare.table import FLAT, ModelResult, flags, metric_rows
from tasks.core.arms import Arm, Extra
from tasks.core.files import read_json, write_json, write_npz
from tasks.core.metrics_table import write_metrics_csv
from tasks.core.object_file import ObjectWindow, read_object
from tasks.core.scan_file import ScanHeader, ScanReader
from tasks.core.stages import Progress, StageFiles
from tasks.core.view_file import open_view

ARMS = tuple(arm.value for arm in Arm)
RECONSTRUCTIONS = (*ARMS, *(extra.value for extra in Extra))


def compare(params: ComparisonParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Hold every arm against the truth, in one region and after one kind of alignment.

    Args:
        params: What is scored and what the alignment may remove.
        files: Inputs `scan` (CXI), `view` (JSON), `truth` (HDF5), at least one reconstruction
            (HDF5) under the name of its arm, and for networks their contract (JSON) under
            `<arm>.model`; outputs `metrics` (CSV), `plot` (PNG), `aligned` (NPZ) and `comparison`
            (JSON).
        progress: Told after each arm, and at the end.

    Returns:
        The region, what was removed from each arm, flags, and why metrics have no value.

    Raises:
        ValueError: If there is no reconstruction, one does not cover the region or is not finite
            inside it, or the truth does not cover the region.
    """
    present = [name for name in RECONSTRUCTIONS if name in files.inputs]
    if not present:
        raise ValueError(
            f"There is nothing to compare. Give at least one reconstruction, under the name of its "
            f"arm: {', '.join(RECONSTRUCTIONS)}."
        )
    scan = open_view(files.inputs["scan"], files.inputs["view"])
    windows = {arm: read_object(files.inputs[arm]) for arm in present}
    region = scored_region(scan.header, params.coverage_fraction, params.erosion_px)
    region, coverage = _inside_every_window(region, windows, files, params.min_window_coverage)
    reference = _reference(region, read_object(files.inputs["truth"]), files.inputs["truth"])

    total = len(present) + len(CONTROLS) + 1
    results: dict[str, ModelResult] = {}
    for arm in present:
        image = windows[arm].cut(region.box.corner_px, region.box.shape)
        try:
            results[arm] = _judge(image, region, reference, params.max_shift_px, coverage[arm])
        except ValueError as error:
            raise ValueError(f"{arm} ({files.inputs[arm].name}): {error}") from error
        progress(len(results), total, _headline(arm, results[arm]))
    results |= _judge_controls(scan.header, region, reference, params.max_shift_px)
    facts = _facts(params, region, reference, results)
    _write(files, scan, region, reference, results, facts)
    progress(total, total, f"compared {', '.join(present)} over {int(region.mask.sum())} pixels")
    return facts


def _judge_controls(
    scan: ScanHeader, region: Region, reference: Reference, max_shift_px: float
) -> dict[str, ModelResult]:
    """Return the controls' scores; the flat image has no gauge to fit."""
    results = {}
    for name, control in CONTROLS.items():
        positions_px = scan.positions_px - region.box.corner_px
        image = control(reference.object_, positions_px, scan.probe, region.mask)
        limit = None if name == FLAT else max_shift_px
        results[name] = _judge(image, region, reference, limit, 1.0)
    return results


def _inside_every_window(
    region: Region, windows: dict[str, ObjectWindow], files: StageFiles, least: float
) -> tuple[Region, dict[str, float]]:
    """Leave out of the region what an arm's window does not hold; the same for every arm.

    Returns:
        The region, and the share of it that each window held.

    Raises:
        ValueError: If a window holds less than the least share.
    """
    mask, coverage = region.mask, {}
    for arm, window in windows.items():
        inside = ObjectWindow(np.ones(window.object_.shape, dtype=complex), window.origin_px)
        held = np.isfinite(inside.cut(region.box.corner_px, region.box.shape))
        coverage[arm] = float(np.mean(held[region.mask]))
        if coverage[arm] < least:
            height, width = window.object_.shape
            raise ValueError(
                f"{arm} ({files.inputs[arm].name}) covers {coverage[arm]:.1%} of the region, at "
                f"least {least:.0%} is needed: its window of {height} x {width} px begins at "
                f"{window.origin_px}, the scan's patches at {region.box.corner_px}. Reconstruct "
                f"every exposure of the view, in the frame of the object."
            )
        mask = mask & held
    return replace(region, mask=mask), coverage


def _reference(region: Region, truth: ObjectWindow, path: Path) -> Reference:
    """Return the truth in the region's box; raises ValueError if it does not cover the region."""
    true_object = truth.cut(region.box.corner_px, region.box.shape)
    lost = int(np.count_nonzero(~np.isfinite(true_object[region.mask])))
    if lost:
        raise ValueError(
            f"The truth {path.name} does not cover {lost} of {int(region.mask.sum())} scored "
            f"pixels. It belongs to another scan, or is damaged: simulate again."
        )
    true_object = np.where(np.isfinite(true_object), true_object, 0.0)
    return Reference(true_object, region.mask, largest_rectangle(region.mask))


def _judge(
    image: Complex,
    region: Region,
    reference: Reference,
    max_shift_px: float | None,
    coverage_fraction: float,
) -> ModelResult:
    """Score an image as it is, and in the gauge of the truth.

    No gauge is fitted without a bound for the shift: the flat image is given the truth's mean
    amplitude and phase, and no fit makes it harder to beat.
    """
    raw = score(image, reference)
    if max_shift_px is None:
        return ModelResult(image, Gauge(), raw, raw, coverage_fraction)
    gauge = fit_gauge(image, reference.object_, region.weights, max_shift_px=max_shift_px)
    aligned = remove_gauge(image, gauge, region.lit & np.isfinite(image))
    return ModelResult(aligned, gauge, raw, score(aligned, reference), coverage_fraction)


def _headline(model: str, result: ModelResult) -> str:
    """Return one line about a model."""
    amplitude, phase = result.gauged.pairs["mae"]
    return f"{model}: MAE {amplitude:.4f} in amplitude, {phase:.4f} rad in phase"


def _facts(
    params: ComparisonParams,
    region: Region,
    reference: Reference,
    results: dict[str, ModelResult],
) -> dict[str, Any]:
    """Return what a reader needs beside the metrics, as JSON."""
    top, left = region.box.corner_px
    rows, columns = reference.rectangle
    return {
        "models": list(results),
        "missing_arms": [arm for arm in ARMS if arm not in results],
        "params": params.model_dump(mode="json"),
        "region": {
            "sha256": region.sha256,
            "n_scored_px": int(region.mask.sum()),
            "scored_fraction": float(region.mask.mean()),
            "box_corner_px": [top, left],
            "box_shape_px": list(region.box.shape),
            "rectangle_corner_px": [top + rows.start, left + columns.start],
            "rectangle_shape_px": [rows.stop - rows.start, columns.stop - columns.start],
        },
        "data_range": {
            "amplitude": reference.data_range["amplitude"],
            "phase_rad": reference.data_range["phase"],
        },
        "gauge": {model: _gauge_facts(result.gauge) for model, result in results.items()},
        "flags": {name: flags(name, results) for name in RECONSTRUCTIONS if name in results},
        "undefined": {
            model: result.gauged.reasons
            for model, result in results.items()
            if result.gauged.reasons
        },
    }


def _gauge_facts(gauge: Gauge) -> dict[str, Any]:
    """Return a gauge as JSON."""
    facts = asdict(gauge)
    factor = facts.pop("factor")
    return facts | {
        "factor_abs": abs(factor),
        "factor_rad": float(np.angle(factor)),
        "ramp_rad_per_px": list(gauge.ramp_rad_per_px),
        "shift_px": list(gauge.shift_px),
    }


def _write(
    files: StageFiles,
    scan: ScanReader,
    region: Region,
    reference: Reference,
    results: dict[str, ModelResult],
    facts: dict[str, Any],
) -> None:
    """Write the four outputs."""
    contracts = {
        model: read_json(files.inputs[f"{model}.model"])
        for model in results
        if f"{model}.model" in files.inputs
    }
    write_metrics_csv(files.outputs["metrics"], metric_rows(results, contracts))
    rows, columns = reference.rectangle
    arms = {name: results[name] for name in RECONSTRUCTIONS if name in results}
    aligned = {arm: result.aligned.astype(np.complex64) for arm, result in arms.items()}
    write_npz(
        files.outputs["aligned"],
        truth=reference.object_.astype(np.complex64),
        mask=region.mask,
        corner_px=np.array(region.box.corner_px),
        rectangle_px=np.array([rows.start, rows.stop, columns.start, columns.stop]),
        **aligned,
    )
    header, photons = scan.header, scan.total_counts() / len(scan)
    write_comparison_plot(
        files.outputs["plot"],
        reference,
        region.illumination,
        results,
        header.geometry.object_pixel_m(header.n_px),
        f"{len(scan)} patterns of {photons:.0f} photons, "
        f"{header.provenance.get('view', 'all')} view, "
        f"{header.provenance.get('split', 'one')} split",
    )
    write_json(files.outputs["comparison"], facts)
