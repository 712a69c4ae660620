"""Stage functions of the reports: comparisons put together, and what their arms cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.core.files.atomic_files import read_json, sha256_of, write_json, write_text
from tasks.core.files.metrics_table import read_metrics_csv
from tasks.core.study.stage_record import Progress, StageFiles, StageRecord
from tasks.report.costs.cost_points import cost_points
from tasks.report.costs.cost_table import costs_markdown, write_costs
from tasks.report.costs.costs import CostParams, arm_costs, taken_from
from tasks.report.records.comparisons import Comparison, comparison_at
from tasks.report.statistics.summary import (
    SCHEMA_VERSION,
    ReportParams,
    metrics_summary,
    missing_arms,
)
from tasks.report.texts.summary_text import summary_markdown


def summarise(params: ReportParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Put comparisons together; raises ValueError if a table is not valid.

    Inputs are the tables, named by their paths relative to the hub; outputs `summary` (JSON),
    `text` (markdown) and `manifest` (JSON). Counts of comparisons and flags are returned.
    """
    comparisons = [comparison_at(name, path) for name, path in sorted(files.inputs.items())]
    summary = metrics_summary(comparisons, params.aggregate_split, params.arms)
    write_json(files.outputs["manifest"], comparison_manifest(comparisons, files, params.arms))
    write_text(files.outputs["text"], summary_markdown(summary))
    write_json(files.outputs["summary"], summary)
    progress(1, 1, f"{summary['n_success']} of {summary['n_jobs']} comparisons")
    return {name: summary[name] for name in ("n_jobs", "n_success", "n_failed", "flags")}


def comparison_manifest(
    comparisons: list[Comparison], files: StageFiles, chosen: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the content of `comparison_manifest.json`: every comparison and its table.

    Missing arms are those of the chosen ones, where they were chosen.
    """
    missing = missing_arms(comparisons, chosen)
    n_success = sum(comparison.rows is not None for comparison in comparisons)
    return {
        "schema_version": SCHEMA_VERSION,
        "n_jobs": len(comparisons),
        "n_success": n_success,
        "n_failed": len(comparisons) - n_success,
        "comparisons": [
            {
                **comparison.key._asdict(),
                "status": "failed" if comparison.rows is None else "success",
                "metrics": comparison.path,
                "sha256": None
                if comparison.rows is None
                else sha256_of(files.inputs[comparison.path]),
                "models": sorted({row.model for row in comparison.rows or ()}),
                "missing": lacking,
            }
            for comparison, lacking in zip(comparisons, missing, strict=True)
        ],
    }


def summarise_costs(params: CostParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Put together what every reconstruction costs, and hold it against how good it is.

    Inputs are the records and tables, under the names that the parameters use; outputs `costs`
    (CSV), `text` (markdown) and `plot` (PNG).

    Raises:
        ValueError: If an input is not given or not valid, or a reconstruction has no stage.
    """
    # Whoever puts tables together need not wait for what draws.
    from tasks.report.costs.pareto_figure import write_pareto_plot

    records = {
        name: _read_record(_named(files, name))
        for name in dict.fromkeys(source.manifest for source in params.sources)
    }
    tables = {source.key: source.table for source in params.sources}
    rows = {key: read_metrics_csv(_named(files, name)) for key, name in tables.items()}
    costs = arm_costs(params.sources, records)
    shown = [cost for cost in costs if cost.key.split == params.shown_split] or costs
    points = cost_points(shown, rows)
    write_costs(files.outputs["costs"], costs)
    write_text(files.outputs["text"], costs_markdown(points, taken_from(records.values())))
    write_pareto_plot(files.outputs["plot"], points)
    models = list(dict.fromkeys(cost.model for cost in costs))
    progress(1, 1, f"costs of {', '.join(models)}")
    return {
        "n_reconstructions": len(costs),
        "models": models,
        "splits_shown": sorted({cost.key.split for cost in shown}),
    }


def _named(files: StageFiles, name: str) -> Path:
    """Return an input that the parameters name."""
    if name not in files.inputs:
        raise ValueError(
            f"The parameters name {name}, which is no input of the stage. Give it as an input."
        )
    return files.inputs[name]


def _read_record(path: Path) -> StageRecord:
    """Read a stage's record; raises ValueError if it is none."""
    try:
        return StageRecord.model_validate(read_json(path))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error}). Run the stage again.") from error
    except ValidationError as error:
        raise ValueError(
            f"{path} is not the record of a stage: {error.error_count()} of its fields are missing "
            f"or wrong. Run the stage again."
        ) from error
