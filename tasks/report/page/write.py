"""`report.html`: everything that a hub tells of a finished study, in one file."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.catalogue.headline import SOLVER, arms_named, metrics_among
from tasks.core.files.atomic_files import write_text
from tasks.core.study import hub_layout
from tasks.report.condition_map.map_figure import write_condition_map_plot
from tasks.report.costs.cost_table import EXPLANATION
from tasks.report.page.comparison_file import (
    AGREEMENT_HEADER,
    PLACEMENT_HEADER,
    QUALITY_HEADER,
    RESOLUTION_HEADER,
)
from tasks.report.page.comparison_section import (
    ComparisonSection,
    comparison_section,
    crossings_of,
    keys_in_order,
    scores_of,
)
from tasks.report.page.conclusion import conclusion_of
from tasks.report.page.cost_section import cost_sections
from tasks.report.page.curve_charts import write_frc_plot
from tasks.report.page.curve_files import read_frc_curves
from tasks.report.page.delta_chart import delta_charts, write_delta_plot
from tasks.report.page.delta_tables import condition_table, delta_tables
from tasks.report.page.gallery import REFERENCE_TITLES
from tasks.report.page.page_files import PageFiles, keep_state
from tasks.report.page.provenance import Provenance, plan_facts, provenance_of
from tasks.report.page.svg import style_sheet_variables
from tasks.report.records.attempts import read_blocker
from tasks.report.records.hub_contents import profile_warning, read_plan
from tasks.report.statistics.summary import MISSING, flag_list
from tasks.report.statistics.told import subject_of, told_means
from tasks.report.texts.evidence import evidence_lines
from tasks.report.texts.interval_texts import DELTA_HEADER
from tasks.report.texts.summary_text import counts, is_whole, outcome_line

FRC_PLOT = "frc_curves.png"
TEMPLATES = Path(__file__).parent / "templates"
SIZE_LIMIT_BYTES = 5_000_000
PICTURES_BUDGET_BYTES = 3_300_000
MOST_JOBS_IN_DETAIL = 6
# A comparison in tables alone takes so much; beyond so many they take it from the pictures.
JOB_BYTES, JOBS_BESIDE_PICTURES, LEAST_BUDGET_BYTES = 6_000, 40, 300_000
MOST_NAMES = 8
LINKS = {
    "what stopped the last run": hub_layout.BLOCKER_TEXT,
    "deltas": hub_layout.DELTA_SUMMARY,
    "all metrics": hub_layout.METRICS_SUMMARY,
    "figure of the deltas": hub_layout.DELTA_PLOT,
    "map over dose and overlap": hub_layout.CONDITION_MAP,
    "figure of the map": hub_layout.CONDITION_MAP_PLOT,
    "highlights": hub_layout.HIGHLIGHTS,
    "digest": hub_layout.DIGEST,
    "costs": hub_layout.COST_TABLE,
    "figure of the costs": hub_layout.COST_PLOT,
    "plan": hub_layout.PLAN,
}
Summary = Mapping[str, Any]


def write_report_html(hub: Path) -> str | None:
    """Draw the page and its figures, each whole or not at all, and keep what they were drawn from.

    What a hub lacks, and what in it cannot be read, the page says at its top; numbers come from
    the summary, the deltas and the map alone. Equal hubs give equal bytes. The path of the page is
    returned, None where summary or deltas are missing; ValueError is raised where they are no JSON.
    """
    needed = (hub_layout.METRICS_SUMMARY, hub_layout.DELTA_SUMMARY)
    if not all((hub / name).is_file() for name in needed):
        return None
    files = PageFiles(hub, str(Path(hub_layout.REPORT_PAGE).parent.as_posix()))
    summary, delta = files.json(hub_layout.METRICS_SUMMARY), files.json(hub_layout.DELTA_SUMMARY)
    figures = [hub_layout.DELTA_PLOT, *_draw_frc_plots(files, summary), *_draw_map(files)]
    write_delta_plot(hub / hub_layout.DELTA_PLOT, delta)
    write_text(hub / hub_layout.REPORT_PAGE, render(files, summary, delta))
    keep_state(files, [hub_layout.REPORT_PAGE, *figures])
    return hub_layout.REPORT_PAGE


def render(files: PageFiles, summary: Summary, delta: Summary) -> str:
    """Return the page."""
    plan = files.read(hub_layout.PLAN, lambda _: read_plan(files.root))
    jobs = _sections(files, summary)
    provenance = provenance_of(files, plan)
    context = {
        "subject": subject_of(delta),
        "solver": SOLVER.name,
        "metrics": metrics_among(delta["directions"]),
        "warnings": profile_warning(plan),
        "conclusion": conclusion_of(summary, delta, evidence_lines(files.root, dict(summary))),
        "counts": counts(dict(summary)),
        "split": delta["aggregate_split"],
        "generated_at": delta["generated_at"],
        "run_facts": plan_facts(plan.parameters) if plan else [],
        "delta_header": DELTA_HEADER,
        "delta_tables": delta_tables(delta),
        "delta_charts": delta_charts(delta),
        "condition_table": condition_table(delta),
        "costs": cost_sections(files, summary),
        "cost_explanation": EXPLANATION,
        "jobs": jobs,
        "quality_header": QUALITY_HEADER,
        "placement_header": PLACEMENT_HEADER,
        "resolution_header": RESOLUTION_HEADER,
        "agreement_header": AGREEMENT_HEADER,
        "reference_titles": REFERENCE_TITLES,
        "n_detailed": MOST_JOBS_IN_DETAIL,
        "flags": flag_list(summary["flags"]),
        "provenance": provenance,
        "hub_links": [(what, files.link(path)) for what, path in LINKS.items() if files.has(path)],
        "arms": [arm.name for arm in arms_named(told_means(summary["aggregate_metrics"], summary))],
    }
    context["gaps"] = _gaps(files, summary, jobs, provenance)
    stopped = files.has(hub_layout.BLOCKER_JSON)
    is_good = is_whole(summary) and not stopped
    context["outcome"] = "" if is_good else outcome_line(summary, stopped=stopped)
    return _fill(context)


@cache
def _templates() -> Environment:
    """Return the templates, compiled once a process."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _fill(context: Mapping[str, Any]) -> str:
    """Return the template with its content; the only script is the one whose hash is allowed."""
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _templates().get_template("report.html.j2")
    return page.render(
        **context,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        light=style_sheet_variables(context["arms"], dark=False),
        dark=style_sheet_variables(context["arms"], dark=True),
        script=script,
        script_hash=f"sha256-{digest}",
    )


def _sections(files: PageFiles, summary: Summary) -> list[ComparisonSection]:
    """Return the comparisons, the first few with pictures and curves."""
    keys = keys_in_order(summary)
    n_detailed = min(len(keys), MOST_JOBS_IN_DETAIL)
    budget = PICTURES_BUDGET_BYTES - JOB_BYTES * max(0, len(keys) - JOBS_BESIDE_PICTURES)
    return [
        comparison_section(
            files,
            key,
            job,
            [
                f"{flag['model']}: {flag['flag']}"
                for flag in summary["flags"]
                if f"analysis/{flag['job']}" == key.analysis_folder
            ],
            max(budget, LEAST_BUDGET_BYTES) / n_detailed if number < n_detailed else 0,
        )
        for number, (key, job) in enumerate(keys.items())
    ]


def _gaps(
    files: PageFiles, summary: Summary, jobs: Sequence[ComparisonSection], provenance: Provenance
) -> list[str]:
    """Return why the report is partial; nothing if it is whole."""
    blocker = files.read(hub_layout.BLOCKER_JSON, lambda _: read_blocker(files.root))
    found = list(blocker.sentences) if blocker else []
    found += [f"The comparison {job.title} failed or is missing." for job in jobs if job.failed]
    found += [
        f"{flag['model']} is missing in {flag['job']}."
        for flag in summary["flags"]
        if flag["flag"] == MISSING
    ]
    if provenance.missing:
        named = provenance.missing[:MOST_NAMES]
        more = len(provenance.missing) - len(named)
        names = ", ".join(named) + (f" and {more} more" if more else "")
        found.append(f"Outputs of these stages are missing: {names}.")
    return found + [f"{problem}." for problem in dict.fromkeys(files.problems)]


def _draw_frc_plots(files: PageFiles, summary: Summary) -> list[str]:
    """Draw the ring correlation of every comparison that has its curves, and return where."""
    paths = []
    for key, job in keys_in_order(summary).items():
        curves = files.read(f"{key.analysis_folder}/frc_curves.csv", read_frc_curves)
        if curves is not None and job is not None:
            path = f"{key.analysis_folder}/{FRC_PLOT}"
            crossings = crossings_of(scores_of(job))
            write_frc_plot(files.root / path, curves, crossings, key.description)
            paths.append(path)
    return paths


def _draw_map(files: PageFiles) -> list[str]:
    """Draw the map over dose and overlap of a hub that has one, and return where."""
    plot = hub_layout.CONDITION_MAP_PLOT
    if not files.has(hub_layout.CONDITION_MAP):
        (files.root / plot).unlink(missing_ok=True)
        return []
    write_condition_map_plot(files.root / plot, files.json(hub_layout.CONDITION_MAP))
    return [plot]
