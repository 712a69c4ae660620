"""The ways a run can end badly, and which of them are worth another try."""

from typing import Any


class BadInputError(ValueError):
    """What was asked for cannot be run; nothing was started. Exit code 2."""


class StaleHubError(BadInputError):
    """The hub holds outputs of other parameters."""


class HubBusyError(BadInputError):
    """Another run is at work in the hub."""


class RunStoppedError(RuntimeError):
    """A stage was not started because the run is being stopped."""


class InvalidEvidenceError(RuntimeError):
    """The verification of a hub found something that does not hold. Exit code 1."""


class ConditionsFailedError(RuntimeError):
    """Conditions of a sweep ended without their outputs; the others have theirs. Exit code 1.

    It names both, and has what stopped them, entries as in `blocker.json`.
    """

    def __init__(
        self, failed: list[str], finished: list[str], failures: list[dict[str, Any]]
    ) -> None:
        causes = "; ".join(
            f"{entry['stage'] or 'a run'}: {entry['exception']}: {entry['message']}"
            for entry in failures
        )
        n = len(failed) + len(finished)
        super().__init__(f"{len(failed)} of {n} conditions failed ({', '.join(failed)}): {causes}")
        self.failed = failed
        self.finished = finished
        self.failures = failures


class StageFailedError(RuntimeError):
    """A stage ended without its outputs.

    Attributes:
        stage: Name of the stage.
        command: Command that runs the stage again, from inside the hub.
        exception: Kind of the fault, such as `ValueError` or `Timeout`.
        message: What the stage said.
        log_tail: Last lines of its log.
        is_transient: Whether another try may succeed: the disk, the memory or the
            clock failed, not the mathematics or the input.
    """

    def __init__(
        self,
        stage: str,
        command: str,
        exception: str,
        message: str,
        log_tail: list[str],
        *,
        is_transient: bool,
    ) -> None:
        super().__init__(f"Stage {stage} failed with {exception}: {message}")
        self.stage = stage
        self.command = command
        self.exception = exception
        self.message = message
        self.log_tail = log_tail
        self.is_transient = is_transient
