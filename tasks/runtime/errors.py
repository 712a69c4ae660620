"""The ways a run can end badly, and which of them are worth another try."""

from dataclasses import KW_ONLY, dataclass
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


@dataclass(eq=False, repr=False)
class ConditionsFailedError(RuntimeError):
    """Conditions of a sweep ended without their outputs; the others have theirs. Exit code 1.

    It names both, and has what stopped them, entries as in `blocker.json`.
    """

    failed: list[str]
    finished: list[str]
    failures: list[dict[str, Any]]

    def __str__(self) -> str:
        """Say which failed, and of what."""
        causes = "; ".join(
            f"{entry['stage'] or 'a run'}: {entry['exception']}: {entry['message']}"
            for entry in self.failures
        )
        n, names = len(self.failed) + len(self.finished), ", ".join(self.failed)
        return f"{len(self.failed)} of {n} conditions failed ({names}): {causes}"


@dataclass(eq=False, repr=False)
class StageFailedError(RuntimeError):
    """A stage ended without its outputs.

    Attributes:
        command: Command that runs the stage again, from inside the hub.
        exception: Kind of the fault, such as `ValueError` or `Timeout`.
        message: What the stage said.
        log_tail: Last lines of its log.
        is_transient: Whether another try may succeed: the disk, the memory or the
            clock failed, not the mathematics or the input.
    """

    stage: str
    command: str
    exception: str
    message: str
    log_tail: list[str]
    _: KW_ONLY
    is_transient: bool

    @property
    def cause(self) -> str:
        """Of what it failed."""
        return f"{self.exception}: {self.message}"

    def __str__(self) -> str:
        """Say which stage failed, and of what."""
        return f"Stage {self.stage} failed with {self.cause}"
