"""The files of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.catalogue.scoring.frc import ssnr
from tasks.compare.controls import CONTROLS
from tasks.compare.convergence import Convergence, write_convergence
from tasks.compare.evaluator import Judge, ModelResult
from tasks.compare.figures.comparison_figure import write_comparison_plot
from tasks.compare.figures.convergence_figure import write_convergence_plot
from tasks.compare.metric_rows import block_rows
from tasks.compare.reference_object import Yardstick
from tasks.core.files.atomic_files import write_json, write_npz
from tasks.core.files.block_file import write_blocks
from tasks.core.files.csv_table import number_cell, write_table
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.files.scan_file import ScanReader

FRC_COLUMNS = ("model", "frequency_per_px", "correlation", "ssnr")


@dataclass(frozen=True)
class Comparison:
    """What was found of all reconstructions of a view.

    Attributes:
        scan: The exposures of the view.
        judge: Region and truth.
        results: Reconstructions and controls, by name, in the order of the table.
        curves: Convergence of the solvers whose iterates are known.
        rows: The table.
        yardstick: What the reconstructions were held against.
    """

    scan: ScanReader
    judge: Judge
    results: dict[str, ModelResult]
    curves: dict[str, Convergence]
    rows: list[MetricRow]
    yardstick: Yardstick

    @property
    def reconstructions(self) -> dict[str, ModelResult]:
        """The results without the controls."""
        return {name: one for name, one in self.results.items() if name not in CONTROLS}

    @property
    def title(self) -> str:
        """What was measured."""
        provenance, photons = self.scan.header.provenance, self.scan.total_counts()
        return (
            f"{len(self.scan)} patterns of {photons / len(self.scan):.0f} photons, "
            f"{provenance.get('view', 'all')} view, {provenance.get('split', 'one')} split"
        )


def write_outputs(outputs: Mapping[str, Path], found: Comparison, facts: Mapping[str, Any]) -> None:
    """Write the files that are asked for.

    Args:
        outputs: Paths: `metrics`, `aligned`, `plot` and `comparison`; `frc`, `blocks`,
            `convergence` and `convergence_plot` where they are asked for.
        found: What was found.
        facts: Content of `comparison`.
    """
    write_metrics_csv(outputs["metrics"], found.rows)
    if "blocks" in outputs:
        write_blocks(outputs["blocks"], block_rows(found.reconstructions))
    if "frc" in outputs:
        _write_rings(outputs["frc"], found.results)
    if found.curves and "convergence" in outputs:
        write_convergence(outputs["convergence"], found.curves)
    title = found.title
    if found.curves and "convergence_plot" in outputs:
        write_convergence_plot(outputs["convergence_plot"], found.curves, title)
    _write_aligned(outputs["aligned"], found)
    header = found.scan.header
    write_comparison_plot(
        outputs["plot"],
        found.judge.reference,
        found.judge.region.illumination,
        found.results,
        header.geometry.object_pixel_m(header.n_px) if header.geometry.is_known else None,
        title if found.yardstick.is_truth else f"{title}; against the reference",
    )
    write_json(outputs["comparison"], facts)


def _write_aligned(path: Path, found: Comparison) -> None:
    """Write truth and reconstructions in one frame and one gauge."""
    region, reference = found.judge.region, found.judge.reference
    rows, columns = reference.rectangle
    aligned = {
        model: result.aligned.astype(np.complex64)
        for model, result in found.reconstructions.items()
    }
    write_npz(
        path,
        mask=region.mask,
        corner_px=np.array(region.box.corner_px),
        rectangle_px=np.array([rows.start, rows.stop, columns.start, columns.stop]),
        **{found.yardstick.name: reference.object_.astype(np.complex64)},
        **aligned,
    )


def _write_rings(path: Path, results: Mapping[str, ModelResult]) -> None:
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
