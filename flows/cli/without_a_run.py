"""What runs no stage: the plan as text, and of a finished hub reports again and verification."""

from pathlib import Path
from typing import Any

from flows.hub.location import check_place
from flows.planning.plan import Plan
from tasks.commands import EXIT_FAILED, EXIT_SUCCESS, say
from tasks.core.files.atomic_files import write_json
from tasks.core.study.hub_layout import (
    DELTA_SUMMARY,
    INVENTORY,
    PLAN,
    REPORT_PAGE,
    VERIFICATION_REPORT,
)
from tasks.core.study.stage_record import PUBLISH_DELTAS, VERIFY_EVIDENCE
from tasks.report.publish.planned_params import planned_params
from tasks.report.publish.write_reports import rebuild_reports, write_final_reports
from tasks.report.records.attempts import read_blocker
from tasks.report.records.hub_contents import profile_warning, read_plan
from tasks.report.records.inventory import inventory_renewed, is_of_a_run, refuse_no_hub
from tasks.report.texts.evidence import evidence_lines
from tasks.report.texts.highlights import terminal_block
from tasks.report.texts.summary_text import is_whole, outcome_line
from tasks.report.verification.verification import finding_lines, verify_hub, write_verification
from tasks.runtime.errors import BadInputError
from tasks.runtime.lock import hub_lock, refuse_busy_hub
from tasks.runtime.stage_cache import finished_record


def collect(plan: Plan) -> int:
    """Print every stage with phase, inputs, outputs and log, and mark the finished ones."""
    hub = plan.params.hub
    calls = list(plan)
    say(f"Plan of {hub}: {len(calls)} stages")
    for call in calls:
        mark = "done" if finished_record(hub, call) else "to do"
        say(f"\n[{call.phase}] {call.stage}  ({mark})")
        for path in call.inputs.values():
            say(f"    reads   {path}")
        for path in call.outputs.values():
            say(f"    writes  {path}")
        say(f"    log     {call.log}")
    say(f"\n[G] {PUBLISH_DELTAS}  (always runs)\n    writes  {DELTA_SUMMARY}")
    say(f"\n[G] {VERIFY_EVIDENCE}  (always runs)\n    writes  {INVENTORY}")
    say(f"    writes  {VERIFICATION_REPORT}")
    return EXIT_SUCCESS


def report(hub: Path, *, verify: bool) -> int:
    """Make the reports of a hub again, and print the deltas.

    The evidence is checked too where that is asked for, and a run of the flow made the hub.
    """
    refuse_no_hub(hub, BadInputError)
    check_place(hub)
    with hub_lock(hub):
        try:
            with inventory_renewed(hub):
                publication = rebuild_reports(hub, planned_params(hub))
                write_final_reports(hub)
            found = write_verification(hub) if verify and is_of_a_run(hub) else None
        except ValueError as error:
            raise BadInputError(str(error)) from error
        except OSError as error:
            raise BadInputError(
                f"The reports of {hub} cannot be written ({error}). Give the hub free space and "
                f"permission to write, or copy it to a place that has them."
            ) from error
    blocker = read_blocker(hub)
    evidence = evidence_lines(hub, publication.summary)
    lines = [*profile_warning(read_plan(hub)), *terminal_block(publication.delta, evidence)]
    for line in (*(blocker.sentences if blocker else ()), *lines):
        say(line)
    say(f"Delta summary: {DELTA_SUMMARY}")
    say(f"Report:        {REPORT_PAGE}")
    code = EXIT_SUCCESS if found is None else say_findings(found)
    if blocker or not is_whole(publication.summary):
        say(outcome_line(publication.summary, stopped=blocker is not None))
        return EXIT_FAILED
    return code


def verify(hub: Path) -> int:
    """Check the evidence of a hub, print what does not hold, and keep the report in the hub.

    A hub on a medium that cannot be written to is checked all the same.
    """
    refuse_no_hub(hub, BadInputError)
    refuse_busy_hub(hub)
    if not is_of_a_run(hub):
        raise BadInputError(
            f"{hub} holds neither {PLAN} nor {INVENTORY}: no run of the flow made it, and there is "
            f"nothing to check it against. Name the folder of a finished run."
        )
    found = verify_hub(hub)
    try:
        write_json(hub / VERIFICATION_REPORT, found)
    except OSError as error:
        say(f"{VERIFICATION_REPORT} is not written: {error.strerror}.")
    return say_findings(found)


def say_findings(found: dict[str, Any]) -> int:
    """Print what the verification found, and return the exit code."""
    if found["all_valid"]:
        say(f"Verification: all {found['n_validations']} validations hold.")
        return EXIT_SUCCESS
    say(f"Verification: {found['n_invalid']} of {found['n_validations']} validations failed.")
    for line in finding_lines(found):
        say(f"  {line}")
    return EXIT_FAILED
