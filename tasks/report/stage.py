"""Stage function of the summary: tables of comparisons in, their means out."""

from typing import Any

from tasks.core.files.atomic_files import sha256_of, write_json, write_text
from tasks.core.study.stage_interface import Progress, StageFiles
from tasks.report.publish.params import ReportParams
from tasks.report.records.comparisons import Comparison, comparison_at
from tasks.report.records.summary import SCHEMA_VERSION, metrics_summary
from tasks.report.statistics.flags import missing_arms
from tasks.report.texts.summary_text import summary_markdown


def summarise(params: ReportParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Put comparisons together.

    Args:
        params: Which split the headline means are over.
        files: Inputs are the tables, named by their paths relative to the hub; outputs
            `summary` (JSON), `text` (markdown) and `manifest` (JSON).
        progress: Told once at the end.

    Returns:
        Counts of comparisons and flags.

    Raises:
        ValueError: If a table is not valid.
    """
    jobs = [comparison_at(relative, path) for relative, path in sorted(files.inputs.items())]
    summary = metrics_summary(jobs, params.aggregate_split)
    write_json(files.outputs["manifest"], comparison_manifest(jobs, files))
    write_text(files.outputs["text"], summary_markdown(summary))
    write_json(files.outputs["summary"], summary)
    progress(1, 1, f"{summary['n_success']} of {summary['n_jobs']} comparisons")
    return {name: summary[name] for name in ("n_jobs", "n_success", "n_failed", "flags")}


def comparison_manifest(jobs: list[Comparison], files: StageFiles) -> dict[str, Any]:
    """Return the content of `comparison_manifest.json`: every comparison and its table."""
    return {
        "schema_version": SCHEMA_VERSION,
        "n_jobs": len(jobs),
        "n_success": sum(job.rows is not None for job in jobs),
        "n_failed": sum(job.rows is None for job in jobs),
        "comparisons": [
            {
                **job.key._asdict(),
                "status": "failed" if job.rows is None else "success",
                "metrics": job.path,
                "sha256": None if job.rows is None else sha256_of(files.inputs[job.path]),
                "models": sorted({row.model for row in job.rows or ()}),
                "missing": missing_arms(job),
            }
            for job in jobs
        ],
    }
