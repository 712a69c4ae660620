"""The files of a comparison, and the rows of its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tasks.catalogue.metric import COST, PARTS, RAW, Scores
from tasks.catalogue.metrics import METRICS, row_place
from tasks.catalogue.metrics.diagnostics import PLACED
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.scoring.frc import ssnr
from tasks.compare.comparison_figure import write_comparison_plot
from tasks.compare.convergence import Convergence, write_convergence
from tasks.compare.convergence_figure import write_convergence_plot
from tasks.compare.evaluator import Evaluator, ModelResult
from tasks.compare.placement.place import FOUND
from tasks.core.files.atomic_files import write_json, write_npz
from tasks.core.files.csv_table import number_cell, write_table
from tasks.core.files.metrics_table import (
    AGAINST_REFERENCE,
    N_BLOCKS,
    BlockRow,
    MetricRow,
    write_blocks,
    write_metrics_csv,
)
from tasks.core.files.scan_reader import ScanReader

FRC_COLUMNS = ("model", "frequency_per_px", "correlation", "ssnr")


@dataclass(frozen=True)
class Comparison:
    """What was found of all reconstructions of a view.

    Attributes:
        scan: The exposures of the view.
        evaluator: Region and truth.
        results: Reconstructions and controls, by name, in the order of the table.
        curves: Convergence of the solvers whose iterates are known.
        records: Records of trained networks, by name; what a network costs comes from there.
        taken: What is different where a network was trained in another hub, by name and metric.
        placements: How objects of other programs came into the frame, by name.
        held_out_blocks: Of a measured scan, deviance of held-out patterns block by block, by name.
    """

    scan: ScanReader
    evaluator: Evaluator
    results: dict[str, ModelResult]
    curves: dict[str, Convergence]
    records: dict[str, Any]
    taken: dict[str, dict[str, float]]
    placements: dict[str, dict[str, Any]] = field(default_factory=dict)
    held_out_blocks: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def reconstructions(self) -> dict[str, ModelResult]:
        """The results without the images that are made of the truth."""
        images = {entry.name for entry in RECONSTRUCTIONS.images}
        return {name: one for name, one in self.results.items() if name not in images}

    @property
    def title(self) -> str:
        """What was measured."""
        provenance, photons = self.scan.header.provenance, self.scan.total_counts()
        return (
            f"{len(self.scan)} patterns of {photons / len(self.scan):.0f} photons, "
            f"{provenance.get('view', 'all')} view, {provenance.get('split', 'one')} split"
        )

    @property
    def rows(self) -> list[MetricRow]:
        """The table of all models."""
        return [row for model in self.results for row in self._rows_of(model)]

    def _rows_of(self, model: str) -> list[MetricRow]:
        """Return the rows of one model, with what its training cost."""
        training = self.records.get(model, {}).get("training", {})
        extra = {m.name: training[m.name] for m in METRICS.of_family(COST) if m.name in training}
        extra |= self.taken.get(model, {})
        if model in self.placements:
            extra |= placement_rows(self.placements[model])
        return model_rows(model, self.results[model], self.evaluator.reference.is_truth, extra)


def placement_rows(placement: Mapping[str, Any]) -> dict[str, float]:
    """Return what was done to an object of another program, by metric."""
    values = (
        float(placement["source"] == FOUND),
        90.0 * placement["quarter_turns"],
        float(placement["is_mirrored"]),
        float(placement["is_conjugated"]),
        placement["scale"],
        placement["correlation"],
    )
    return {metric.name: value for metric, value in zip(PLACED, values, strict=True)}


def model_rows(
    model: str, result: ModelResult, is_truth: bool, extra: Mapping[str, float]
) -> list[MetricRow]:
    """Return the rows of one model in their order; no times, so that equal runs are equal."""
    values = _diagnostics(result) | dict(extra)
    if not is_truth:
        values[AGAINST_REFERENCE] = 1.0
    rows = [
        *_score_rows(model, result.scores),
        *_score_rows(model, result.raw, RAW),
        *(MetricRow(model, name, value=value) for name, value in values.items()),
    ]
    return sorted(rows, key=lambda row: row_place(row.metric))


def write_outputs(
    outputs: Mapping[str, Path], found: Comparison, record: Mapping[str, Any]
) -> None:
    """Write `metrics`, `aligned`, `plot` and `comparison` (the record).

    `frc`, `blocks`, `convergence` and `convergence_plot` are written where they are asked for.
    """
    write_metrics_csv(outputs["metrics"], found.rows)
    if "blocks" in outputs:
        write_blocks(outputs["blocks"], block_rows(found.reconstructions))
    if "frc" in outputs:
        write_frc(outputs["frc"], found.results)
    if found.curves and "convergence" in outputs:
        write_convergence(outputs["convergence"], found.curves)
    title, reference = found.title, found.evaluator.reference
    if found.curves and "convergence_plot" in outputs:
        write_convergence_plot(outputs["convergence_plot"], found.curves, title)
    write_aligned(outputs["aligned"], found.evaluator, found.reconstructions)
    header = found.scan.header
    write_comparison_plot(
        outputs["plot"],
        reference,
        found.evaluator.region.illumination,
        found.results,
        header.geometry.object_pixel_m(header.n_px) if header.geometry.is_known else None,
        title if reference.is_truth else f"{title}; against the reference",
    )
    write_json(outputs["comparison"], record)


def block_rows(results: Mapping[str, ModelResult]) -> list[BlockRow]:
    """Return the pseudo-values of every reconstruction, in the gauge of the truth."""
    rows = []
    for model, result in results.items():
        for metric in (metric for metric in METRICS.scored if metric.parts == PARTS):
            blocks = [result.scores[metric.name, part].blocks for part in PARTS]
            cells = [[None] * N_BLOCKS if part is None else part.tolist() for part in blocks]
            rows += [
                BlockRow(model, metric.name, block, *pair)
                for block, pair in enumerate(zip(*cells, strict=True))
            ]
    return rows


def _score_rows(model: str, scores: Scores, prefix: str = "") -> list[MetricRow]:
    """Return a row for every metric that has a score."""
    values: dict[str, dict[str, float | None]] = {}
    for (metric, part), score in scores.items():
        values.setdefault(metric, {})[part] = score.value
    return [MetricRow(model, prefix + metric, **cells) for metric, cells in values.items()]


def _diagnostics(result: ModelResult) -> dict[str, float]:
    """Return what was removed of a model, and how much of the region it holds."""
    gauge = result.gauge
    return {
        "gauge_factor_abs": abs(gauge.factor),
        "gauge_factor_rad": float(np.angle(gauge.factor)),
        "gauge_ramp_rad_per_px": float(np.hypot(*gauge.ramp_rad_per_px)),
        "gauge_shift_px": float(np.hypot(*gauge.shift_px)),
        "gauge_at_bound": float(gauge.at_bound),
        "gauge_shift_determined": float(gauge.shift_is_determined),
        "coverage_fraction": result.coverage_fraction,
    }


def write_aligned(path: Path, evaluator: Evaluator, results: Mapping[str, ModelResult]) -> None:
    """Write truth and reconstructions in one frame and one gauge."""
    region, reference = evaluator.region, evaluator.reference
    rows, columns = reference.rectangle
    aligned = {model: result.aligned.astype(np.complex64) for model, result in results.items()}
    write_npz(
        path,
        mask=region.mask,
        corner_px=np.array(region.box.corner_px),
        rectangle_px=np.array([rows.start, rows.stop, columns.start, columns.stop]),
        **{reference.name: reference.object_.astype(np.complex64)},
        **aligned,
    )


def write_frc(path: Path, results: Mapping[str, ModelResult]) -> None:
    """Write the ring correlation of every model that has one; an infinite SSNR is empty."""
    rows: list[Sequence[str]] = []
    for model, result in results.items():
        if result.curve is None:
            continue
        numbers = zip(
            result.curve.frequency_per_px.tolist(),
            result.curve.correlation.tolist(),
            ssnr(result.curve),
            strict=True,
        )
        what = f"the ring correlation of {model}"
        rows += [[model, *(number_cell(number, what) for number in ring)] for ring in numbers]
    write_table(path, FRC_COLUMNS, rows)
