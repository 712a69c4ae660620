"""One comparison on the page: pictures, curves, the table, and what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tasks.catalogue.headline import CROSSING
from tasks.catalogue.metric import VALUE
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.report.page.comparison_file import ComparisonNotes, read_aligned, read_notes
from tasks.report.page.curve_charts import convergence_chart, frc_chart, learning_chart
from tasks.report.page.curve_files import (
    read_convergence,
    read_frc_curves,
    read_iteration,
    read_training,
)
from tasks.report.page.gallery import Gallery, Scores, make_gallery
from tasks.report.page.page_files import PageFiles
from tasks.report.page.run_facts import Facts, measured_facts, read_measurement
from tasks.report.records.comparisons import TABLE_NAME, ComparisonKey, key_of_table
from tasks.report.statistics.paired_scores import key_of, values_of
from tasks.report.texts.summary_text import main_cells

LINKS = {
    "figure of all arms": "comparison_plot.png",
    "metrics": "comparison_metrics.csv",
    "alignment and region": "comparison.json",
    "aligned reconstructions": "reconstructions_aligned.npz",
    "ring correlation": "frc_curves.csv",
    "figure of ring correlation": "frc_curves.png",
    "blocks": "block_metrics.csv",
    "convergence": "convergence.csv",
    "figure of convergence": "convergence.png",
}


@dataclass(frozen=True)
class ComparisonSection:
    """What a page shows of one comparison; what its hub lacks is None or empty.

    Attributes:
        anchor: Its id in the page.
        title: Dose, view, split and replicate in words.
        failed: Whether it has no table.
        detailed: Whether pictures and curves are shown where the hub has them.
        facts: Measured dose and overlap.
        header: Titles of the main table's columns.
        rows: Its rows, arms before controls.
        flags: What is odd about its arms.
        notes: What `comparison.json` tells.
        links: Files by what they hold.
    """

    anchor: str
    title: str
    failed: bool
    detailed: bool
    facts: Facts
    header: list[str]
    rows: list[list[str]]
    flags: list[str]
    gallery: Gallery | None
    frc: Markup | None
    convergence: Markup | None
    notes: ComparisonNotes
    learning: list[Markup]
    links: Facts


def comparison_section(
    files: PageFiles,
    key: ComparisonKey,
    job: Mapping[str, Any] | None,
    flags: list[str],
    picture_budget_bytes: float,
) -> ComparisonSection:
    """Return what the page shows of one comparison; its job is None where it failed.

    Its pictures may take so many characters; a budget of 0 gives neither pictures nor curves.
    """
    folder, detailed = key.analysis_folder, picture_budget_bytes > 0
    anchor = folder.removeprefix("analysis/").replace("/", "-").replace(".", "-")
    measurement, scores = read_measurement(files, key), {} if job is None else scores_of(job)
    header, rows = ([], []) if job is None else main_cells(job)
    paths = {what: f"{folder}/{name}" for what, name in LINKS.items()}
    aligned = curves = epochs = None
    if detailed:
        aligned = files.read(f"{folder}/reconstructions_aligned.npz", read_aligned)
        curves = files.read(f"{folder}/frc_curves.csv", read_frc_curves)
        epochs = files.read(f"{folder}/convergence.csv", read_convergence)
    return ComparisonSection(
        anchor=anchor,
        title=key.description,
        failed=job is None,
        detailed=detailed,
        facts=measured_facts(measurement),
        header=header,
        rows=rows,
        flags=flags,
        gallery=make_gallery(aligned, scores, measurement.object_pixel_m, picture_budget_bytes)
        if aligned
        else None,
        frc=frc_chart(curves, crossings_of(scores), f"{anchor}-frc") if curves else None,
        convergence=convergence_chart(epochs, f"{anchor}-convergence") if epochs else None,
        notes=files.read(f"{folder}/comparison.json", read_notes) or ComparisonNotes(),
        learning=_learning(files, key, anchor) if detailed else [],
        links=[(what, files.link(path)) for what, path in paths.items() if files.has(path)],
    )


def scores_of(job: Mapping[str, Any]) -> Scores:
    """Return the values of a comparison by model, metric and part."""
    return values_of((*job["metrics"], *job["controls"]))


def crossings_of(scores: Scores) -> dict[str, float | None]:
    """Return by model where its ring correlation falls below one half [1 / px]."""
    return {
        model: value
        for (model, metric, part), value in scores.items()
        if metric == CROSSING.name and part == VALUE
    }


def keys_in_order(summary: Mapping[str, Any]) -> dict[ComparisonKey, Mapping[str, Any] | None]:
    """Return every comparison and its entry, the headline split and first replicates first."""
    found: dict[ComparisonKey, Mapping[str, Any] | None] = {
        key_of(job): job for job in summary["jobs"]
    }
    found |= {key_of_table(f"analysis/{name}/{TABLE_NAME}"): None for name in summary["failed"]}
    headline = summary["aggregate_split"]
    order = sorted(
        found, key=lambda key: (key.split != headline, key.replicate, key.dose, key.view, key.split)
    )
    return {key: found[key] for key in order}


def _learning(files: PageFiles, key: ComparisonKey, anchor: str) -> list[Markup]:
    """Return the losses of the trainings and iterative runs behind a comparison."""
    place = f"{key.place.folder}/{key.view}"
    histories = [
        (path, path.split("/")[-3], "step", read_training)
        for path in files.find(f"data/phase_e/{place}/*/gs*/history.csv")
    ] + [
        (path, path.split("/")[-1].removesuffix("_history.csv"), "epoch", read_iteration)
        for path in files.find(f"data/phase_f/{place}/{key.split}/*_history.csv")
    ]
    names = {entry.slug: entry.name for entry in RECONSTRUCTIONS.with_stages}
    known = [history for history in histories if history[1] in names]
    charts: list[Markup] = []
    for path, slug, step, reader in sorted(known, key=lambda h: list(names).index(h[1])):
        curves = files.read(path, reader)
        if curves is not None:
            name = f"{anchor}-loss-{len(charts)}"
            charts.append(learning_chart(curves, names[slug], step, name))
    return charts
