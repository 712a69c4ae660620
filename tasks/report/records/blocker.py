"""What stopped the last run of a hub, as `blocker.json` has it, in sentences."""

from pathlib import Path

from pydantic import ConfigDict, Field

from tasks.core.study.hub_layout import BLOCKER_JSON
from tasks.report.records.record_model import MayLack, Record, Text, UtcTime, Version, read_record

MOST_CHARACTERS = 400


class Conditions(Record):
    """The conditions of a sweep that failed, and those that are finished."""

    failed: list[str]
    finished: list[str]


class Failure(Record):
    """What stopped a run."""

    stage: str | None = Field(description="Stage that failed; null where it was the flow itself")
    exception: Text = Field(description="Kind of the fault")
    message: str
    conditions: MayLack[Conditions] = Field(None, description="Of a sweep")

    @property
    def place(self) -> str:
        """The stage that failed, in words."""
        return self.stage or "the flow itself"


class LoggedFailure(Failure):
    """What stopped one of the stages of a sweep."""

    log: str | None = Field(description="Log of the stage, relative to the hub")


class Blocker(LoggedFailure):
    """What stopped the last run."""

    model_config = ConfigDict(title=BLOCKER_JSON)

    schema_version: Version = 1
    written_at: UtcTime
    command: str | None = Field(
        description="Repeats the stage alone, from inside of the hub; null for the flow itself"
    )
    log_tail: list[str] = Field(description="Its last lines")
    failures: list[LoggedFailure] = Field([], description="Of a sweep, all that failed")

    @property
    def sentences(self) -> list[str]:
        """What happened, and where to look."""
        what = f"{self.exception}: {_shortened(self.message)}"
        told = [f"The last run was stopped in {self.place} by {what}"]
        told += [f"Its log is {self.log}."] if self.log else []
        return told + (
            [f"From inside of the hub `{self.command}` repeats it."] * bool(self.command)
        )


def read_blocker(hub: Path) -> Blocker | None:
    """Return what stopped the last run of a hub; None where it ended well.

    Raises:
        ValueError: If the file is not JSON, or not what a failed run writes.
    """
    path = hub / BLOCKER_JSON
    if not path.is_file():
        return None
    cure = "It was edited or damaged: delete it, or run the same command again."
    return read_record(Blocker, path, cure)


def _shortened(message: str) -> str:
    """Return a message on one line that ends a sentence, and not endless."""
    text = " ".join(message.split())
    if len(text) > MOST_CHARACTERS:
        return f"{text[:MOST_CHARACTERS]}..."
    return text if text.endswith((".", "!", "?")) else f"{text}."
