"""The files of a scoring: tables, record, pictures and page, each whole or not at all."""

from pathlib import Path
from typing import Any

from tasks.catalogue.metric import AMPLITUDE, PHASE
from tasks.catalogue.quality_flags import Table, flags_of, table_of
from tasks.compare.comparison_figure import write_comparison_plot
from tasks.compare.comparison_record import gauge_record, region_record
from tasks.compare.output_files import model_rows, write_aligned, write_frc
from tasks.compare.score.agreement import SAME_PATTERNS
from tasks.compare.score.frc_figure import write_frc_figure
from tasks.compare.score.page import write_page
from tasks.compare.score.score import Scored
from tasks.core.files.atomic_files import sha256_of, write_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv

METRICS_NAME, FRC_NAME, RECORD_NAME = "comparison_metrics.csv", "frc_curves.csv", "comparison.json"
PLOT_NAME, FRC_PLOT_NAME = "comparison_plot.png", "frc_curves.png"
ALIGNED_NAME, PAGE_NAME = "reconstructions_aligned.npz", "comparison.html"
SCHEMA_VERSION = 1


def write_score(folder: Path, found: Scored) -> tuple[list[Path], list[str]]:
    """Write all files of a scoring into a folder, which is made.

    Returns:
        The paths of the files, and what is odd about the objects, in words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    is_truth = found.files.is_truth
    rows = [
        row for name, one in found.results.items() for row in model_rows(name, one, is_truth, {})
    ]
    record = score_record(found, rows)
    write_metrics_csv(folder / METRICS_NAME, rows)
    write_frc(folder / FRC_NAME, found.results)
    write_json(folder / RECORD_NAME, record)
    write_aligned(folder / ALIGNED_NAME, found.evaluator, found.objects)
    _draw(folder / PLOT_NAME, found)
    write_frc_figure(folder / FRC_PLOT_NAME, found)
    pictures = {
        "objects and their errors": folder / PLOT_NAME,
        "ring correlation": folder / FRC_PLOT_NAME,
    }
    flags = [
        f"{name}: {flag}" for name, found_flags in record["flags"].items() for flag in found_flags
    ]
    write_page(folder / PAGE_NAME, found, rows, record, pictures)
    names = (METRICS_NAME, FRC_NAME, RECORD_NAME, PLOT_NAME, FRC_PLOT_NAME, ALIGNED_NAME, PAGE_NAME)
    return [folder / name for name in names], flags


def _draw(path: Path, found: Scored) -> None:
    """Draw the objects beside what they are held against."""
    shown = {
        name: one
        for name, one in found.results.items()
        if one.is_scored or len(found.files.objects) == 1
    }
    illumination = None if found.inputs.scan is None else found.evaluator.region.illumination
    title = f"against {found.against}"
    reference = found.evaluator.reference
    write_comparison_plot(path, reference, illumination, shown, found.inputs.pixel_m, title)


def _flags(name: str, found: Scored, table: Table) -> list[str]:
    """Return what is odd about an object: its place, and its scores."""
    note = found.inputs.placements[name].note
    return ([f"it {note}"] if note else []) + flags_of(name, table)


def score_record(found: Scored, rows: list[MetricRow]) -> dict[str, Any]:
    """Return all that is known beside the metrics, as JSON."""
    evaluator, table = found.evaluator, table_of(rows)
    reference = evaluator.reference
    files = dict(found.files.objects)
    if found.files.base is not None:
        files[reference.name] = found.files.base
    for what, path in (("scan", found.files.scan), ("view", found.files.view)):
        files |= {} if path is None else {what: path}
    return {
        "schema_version": SCHEMA_VERSION,
        "models": list(found.results),
        "measured_against": reference.name if found.files.base is not None else found.against,
        "params": found.params.model_dump(mode="json"),
        "truth_checked": reference.is_checked,
        "files": {
            name: {"file": path.name, "sha256": sha256_of(path)} for name, path in files.items()
        },
        "pixel_m": found.inputs.pixel_m,
        "region": region_record(evaluator.region, reference),
        "data_range": {
            "amplitude": reference.parts[AMPLITUDE].data_range,
            "phase_rad": reference.parts[PHASE].data_range,
        },
        "placement": {
            name: one.record | {"format": found.inputs.formats[name]}
            for name, one in found.inputs.placements.items()
        },
        "gauge": {name: gauge_record(one.gauge) for name, one in found.results.items()},
        "flags": {name: _flags(name, found, table) for name in found.objects},
        "undefined": {name: one.reasons for name, one in found.results.items() if one.reasons},
        "agreement": {
            "note": SAME_PATTERNS,
            "pairs": {
                " and ".join(pair.names): pair.record(found.inputs.pixel_m) for pair in found.pairs
            },
        }
        if found.pairs
        else None,
    }
