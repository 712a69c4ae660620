"""The end of Phase G as Prefect tasks: the summary, and the publication of the deltas."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.logging import get_run_logger

from tasks.catalogue.headline import SUBJECT
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import (
    CONDITION_MAP,
    CONDITION_MAP_PLOT,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
)
from tasks.core.study.stage_record import PUBLISH_DELTAS, VERIFY_EVIDENCE, StageCall, StageRecord
from tasks.report.condition_map.map_text import map_markdown
from tasks.report.history.changes import find_regressions
from tasks.report.history.hub_diff import fault_lines
from tasks.report.publish.artifacts import (
    PUBLISHED_EVENT,
    REGRESSED_EVENT,
    data_url,
    delta_table,
    event_resource,
    headline_picture,
    published_payload,
    regressed_payload,
    report_markdown,
)
from tasks.report.publish.write_reports import Publication, utc_now, write_reports
from tasks.report.statistics.told import subject_of
from tasks.report.verification.verification import finding_lines, verify_hub
from tasks.runtime.errors import InvalidEvidenceError
from tasks.runtime.run_session import current_session, shown_as_stage
from tasks.runtime.stage_task import execute, stage_task

TABLE_KEY = "phase-g-delta-summary"
REPORT_KEY = "phase-g-report"
IMAGE_KEY = "phase-g-comparison"
MAP_KEY = "phase-g-condition-map"


@stage_task("summarise-comparisons")
def summarise_comparisons(call: StageCall) -> StageRecord:
    """Put the comparisons together."""
    record = execute(call)
    get_run_logger().info(
        "%d of %d comparisons succeeded, %d flags",
        record.facts["n_success"],
        record.facts["n_jobs"],
        len(record.facts["flags"]),
    )
    return record


@stage_task("summarise-costs")
def put_costs_together(call: StageCall) -> StageRecord:
    """Hold what every reconstruction costs against how good it is."""
    record = execute(call)
    get_run_logger().info("Costs of %s", ", ".join(record.facts["models"]))
    return record


@task(name=PUBLISH_DELTAS, cache_policy=NO_CACHE, persist_result=False)
def publish(figures: dict[str, str]) -> Publication | None:
    """Persist the delta summary and publish it as artifacts of the run; None without a summary.

    Figures are pictures for the report by title, paths relative to the hub.
    """
    session, logger = current_session(), get_run_logger()
    with shown_as_stage(session.emit, PUBLISH_DELTAS):
        publication = write_reports(session.root, utc_now())
        if publication is None:
            logger.warning(
                "No deltas: %s is missing, so %s was not written. Run the flow again in this hub.",
                METRICS_SUMMARY,
                DELTA_SUMMARY,
            )
            return None
        _publish_artifacts(publication, {name: session.root / p for name, p in figures.items()})
        _publish_map(session.root)
        _emit_events(session.root, publication.delta)
        logger.info("Published the deltas of %s", DELTA_SUMMARY)
        return publication


@task(name="publish-partial-report", cache_policy=NO_CACHE, persist_result=False)
def publish_partial_report(hub: Path, digest: str, figures: dict[str, str]) -> None:
    """Show what a failed run has come to as `phase-g-report`; there is no table of deltas."""
    pictures = {title: hub / path for title, path in figures.items()}
    try:
        _publish_report(digest, pictures)
        _publish_map(hub)
    except Exception as error:  # noqa: BLE001 - what stopped the run matters more
        get_run_logger().warning(
            "The report is in the hub alone (%s: %s).", type(error).__name__, error
        )


def _publish_artifacts(publication: Publication, pictures: dict[str, Path]) -> None:
    """Publish the table of deltas, the report, and the first picture alone."""
    split = publication.delta["aggregate_split"]
    create_table_artifact(
        key=TABLE_KEY,
        table=delta_table(publication.delta, publication.summary["flags"]),
        description=f"{subject_of(publication.delta)} minus the others, {split} split",
    )
    _publish_report(publication.digest, pictures)
    for title, path in headline_picture(pictures, split).items():
        create_image_artifact(
            image_url=data_url(path), key=IMAGE_KEY, description=f"{title}: truth, arms and errors"
        )


def _publish_report(digest: str, pictures: dict[str, Path]) -> None:
    """Publish the digest and its pictures, described by the digest's last word."""
    create_markdown_artifact(
        key=REPORT_KEY,
        markdown=report_markdown(digest, pictures),
        description=digest.rstrip().rpartition("\n")[2],
    )


def _publish_map(hub: Path) -> None:
    """Publish the map over dose and overlap of a study of several conditions."""
    if not (hub / CONDITION_MAP).is_file():
        return
    text = map_markdown(read_json(hub / CONDITION_MAP))
    create_markdown_artifact(
        key=MAP_KEY,
        markdown=report_markdown(text, {"The map": hub / CONDITION_MAP_PLOT}),
        description=f"{SUBJECT.name} minus the others over dose and overlap",
    )


def _emit_events(hub: Path, delta: dict[str, Any]) -> None:
    """Tell Prefect of the deltas, and of those that are worse than the attempt before.

    A damaged record of attempts fails no run.
    """
    _emit(hub, PUBLISHED_EVENT, published_payload(delta))
    try:
        regressions = find_regressions(hub, delta)
    except ValueError as error:
        get_run_logger().warning("The deltas are not held against the attempt before: %s", error)
        return
    if regressions:
        get_run_logger().warning(
            "%d deltas are worse than those of the attempt before, beyond their noise: %s",
            len(regressions),
            "; ".join(fault_lines(regressions)).strip(),
        )
        _emit(hub, REGRESSED_EVENT, regressed_payload(delta, regressions))


def _emit(hub: Path, event: str, payload: dict[str, Any]) -> None:
    """Put an event into Prefect's queue, which adds the runs of flow and task."""
    try:
        emit_event(event, resource=event_resource(hub), payload=payload)
    except Exception as error:  # noqa: BLE001 - whatever Prefect has, the deltas are published
        get_run_logger().warning(
            "The event %s is missing (%s: %s); the run goes on.", event, type(error).__name__, error
        )


@task(name=VERIFY_EVIDENCE, cache_policy=NO_CACHE, persist_result=False)
def verify_evidence(hub: Path) -> None:
    """Check the evidence of a hub before its inventory is written; raises InvalidEvidenceError."""
    report = verify_hub(hub, with_inventory=False)
    if not report["all_valid"]:
        findings = "\n".join(f"  {line}" for line in finding_lines(report))
        raise InvalidEvidenceError(
            f"{report['n_invalid']} of {report['n_validations']} validations of the evidence "
            f"failed:\n{findings}"
        )
    get_run_logger().info("The evidence holds: %d validations", report["n_validations"])
