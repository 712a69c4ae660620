"""`metrics_summary.md`: the means per model, and every comparison with its controls."""

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.catalogue.headline import FURTHER_METRICS, MAIN_METRICS, arms_named
from tasks.catalogue.metric import AMPLITUDE, PARTS, VALUE, Metric
from tasks.report.statistics.paired_scores import key_of, values_of
from tasks.report.statistics.told import told_means
from tasks.report.texts.interval_texts import part_name, told_columns
from tasks.report.texts.text_tables import caveat, fixed, markdown_table


def summary_markdown(summary: dict[str, Any]) -> str:
    """Return the text: what counts first, the rest of each model below."""
    lines = ["# Metrics", "", counts(summary), ""]
    lines += [f"## Means over the {summary['aggregate_split']} split", ""]
    lines += [*means_table(summary), ""]
    for job in summary["jobs"]:
        lines += [f"## {key_of(job).description}", "", *markdown_table(*main_cells(job)), ""]
        for model, table in other_tables(job).items():
            lines += [f"### {model}", "", *table, ""]
    return "\n".join(lines)


def counts(summary: dict[str, Any]) -> str:
    """Return how many comparisons there are."""
    return (
        f"{summary['n_success']} of {summary['n_jobs']} comparisons, {summary['n_failed']} failed"
        f"{_lacking(summary)}.{caveat(summary)}"
    )


def outcome_line(summary: Mapping[str, Any], *, stopped: bool) -> str:
    """Return in one line whether every comparison is there, with every arm."""
    n_failed, n_jobs = summary["n_failed"], summary["n_jobs"]
    if is_whole(summary) and not stopped:
        return f"ALL COMPARISONS SUCCESSFUL: {summary['n_success']} of {n_jobs}"
    end = ", the last run was stopped" if stopped else ""
    return f"FAILURES PRESENT: {n_failed} of {n_jobs} comparisons failed{_lacking(summary)}{end}"


def is_whole(summary: Mapping[str, Any]) -> bool:
    """Tell whether every comparison is there, with every arm."""
    return not summary["n_failed"] and not summary.get("incomplete")


def _lacking(summary: Mapping[str, Any]) -> str:
    """Return how many comparisons lack an arm, and which; empty where none does."""
    found = summary.get("incomplete", ())
    arms = dict.fromkeys(arm for entry in found for arm in entry["missing"])
    return f", {len(found)} without {' or '.join(arms)}" if found else ""


def means_table(summary: dict[str, Any]) -> list[str]:
    """Return the mean of the headline's metrics, and of further ones, of every arm as markdown."""
    means = told_means(summary["aggregate_metrics"], summary)
    columns = told_columns(metrics_of(means))
    rows = [
        [arm.name, *(fixed(means[arm.name][m.name][f"mean_{part}"]) for m, part in columns)]
        for arm in arms_named(means)
    ]
    return markdown_table(["model", *(part_name(*column) for column in columns)], rows)


def metrics_of(means: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the means of any arm, whose keys are the metrics that are told of: all have them."""
    found: Mapping[str, Any] = next(iter(means.values()))
    return found


def column_title(metric: Metric, part: str) -> str:
    """Return metric, part and unit for a narrow column, such as `MAE ampl.`."""
    return metric.title(part).replace(f" {AMPLITUDE}", " ampl.")


def main_columns() -> dict[str, tuple[str, str]]:
    """Return what counts: metric and part of every column by its title, further metrics last."""
    found = {column_title(m, part): (m.name, part) for m in MAIN_METRICS for part in m.parts}
    return found | {
        f"{column_title(m, part)} ({m.direction})": (m.name, part)
        for m in FURTHER_METRICS
        for part in m.parts
    }


def main_cells(job: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of what counts, a row a model, arms before controls.

    A column that no model has a value for is left out.
    """
    values = values_of(_rows(job))
    models = dict.fromkeys(row["model"] for row in _rows(job))
    shown = {
        title: column
        for title, column in main_columns().items()
        if any(values.get((model, *column)) is not None for model in models)
    }
    rows = [
        [model, *(fixed(values.get((model, *column))) for column in shown.values())]
        for model in models
    ]
    return ["model", *shown], rows


def other_tables(job: dict[str, Any]) -> dict[str, list[str]]:
    """Return the metrics that are not in the main table, a markdown table a model."""
    main, parts = {metric for metric, _ in main_columns().values()}, (*PARTS, VALUE)
    found: dict[str, list[list[str]]] = {}
    for row in _rows(job):
        if row["metric"] not in main:
            values = (row[part] for part in parts)
            cells = ["" if value is None else fixed(value) for value in values]
            found.setdefault(row["model"], []).append([row["metric"], *cells])
    header = ["metric", *parts]
    return {model: markdown_table(header, rows) for model, rows in found.items()}


def _rows(job: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return (*job["metrics"], *job["controls"])
