"""Automations: what the server does by itself when a run dies, fails at night or gets worse."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from tasks.report.publish.artifacts import REGRESSED_EVENT

HEARTBEAT_S = 30
# Two heartbeats may be late before the third is missed.
SILENCE_S = 3 * HEARTBEAT_S
ENDINGS = ("Completed", "Failed", "Crashed", "TimedOut", "Cancelled")
BAD_ENDINGS = ("Failed", "Crashed", "TimedOut")
CRASHED, REGRESSED, NIGHT = (
    "phase-g: no heartbeat, so crashed",
    "phase-g: deltas regressed",
    "phase-g: nightly run failed",
)


def automations(flow_names: Sequence[str], notification: UUID | None) -> list[AutomationCore]:
    """Return the automations of this project, for flows whose runs are watched.

    People are told by a notification block; without one it stays with the server's events.
    """
    return [
        _crash_silent_runs(flow_names),
        _reaction(
            REGRESSED,
            "A run published deltas worse than those of the attempt before.",
            _tell(
                notification,
                "Phase G: deltas regressed",
                "Hub {{ event.resource.name }}: {{ event.payload.regressions }}",
            ),
            expect={REGRESSED_EVENT},
        ),
        _reaction(
            NIGHT,
            "A run that a schedule started did not end well.",
            _tell(
                notification,
                "Phase G: the nightly run failed",
                "{{ flow_run.name }} of {{ deployment.name }}: {{ flow_run.state.message }}",
            ),
            expect={f"prefect.flow-run.{ending}" for ending in BAD_ENDINGS},
            match=_any_run(),
            match_related=[
                _flows(flow_names),
                ResourceSpecification({"prefect.resource.id": "prefect.tag.auto-scheduled"}),
            ],
        ),
    ]


def _reaction(name: str, description: str, action: ActionTypes, **event: Any) -> AutomationCore:
    """Return what is done at once when an event comes."""
    trigger = EventTrigger(posture=Posture.Reactive, threshold=1, within=timedelta(0), **event)
    return AutomationCore(name=name, description=description, trigger=trigger, actions=[action])


def _crash_silent_runs(flow_names: Sequence[str]) -> AutomationCore:
    """Return what ends a run whose worker and process are gone."""
    heartbeat = "prefect.flow-run.heartbeat"
    return AutomationCore(
        name=CRASHED,
        description=f"A run that was heard of and has been silent for {SILENCE_S} s has died.",
        trigger=EventTrigger(
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{ending}" for ending in ENDINGS)},
            match=_any_run(),
            match_related=_flows(flow_names),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENCE_S),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"No heartbeat for {SILENCE_S} s: worker or machine are gone. Run it again "
                f"in the same hub, and what is finished stays.",
            )
        ],
    )


def _any_run() -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})


def _flows(names: Sequence[str]) -> ResourceSpecification:
    return ResourceSpecification(
        {"prefect.resource.role": "flow", "prefect.resource.name": list(names)}
    )


def _tell(notification: UUID | None, subject: str, body: str) -> ActionTypes:
    """Return the action that tells people; without a block the server logs that it was due."""
    if notification is None:
        return DoNothing()
    return SendNotification(block_document_id=notification, subject=subject, body=body)


def as_compared(automation: AutomationCore) -> dict[str, Any]:
    """Return what of an automation is declared here; whether it is enabled is up to people.

    Events of a trigger are a set, which JSON would give in any order.
    """
    return automation.model_dump(include={"name", "description", "trigger", "actions"})
