"""What stopped the last run of a hub, as `blocker.json` has it, in sentences."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import BLOCKER_JSON

MOST_CHARACTERS = 400


class Blocker(BaseModel):
    """What reports tell of a failure.

    Attributes:
        stage: The stage that failed; None where it was the flow itself.
        exception: Kind of the fault.
        message: What was said.
        command: Command that repeats the stage alone, from inside of the hub.
        log: Its log, relative to the hub.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str | None = None
    exception: str
    message: str
    command: str | None = None
    log: str | None = None

    @property
    def sentences(self) -> list[str]:
        """What happened, and where to look."""
        what = f"{self.exception}: {_shortened(self.message)}"
        told = [f"The last run was stopped in {self.stage or 'the flow itself'} by {what}"]
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
    try:
        return Blocker.model_validate(read_json(path))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise ValueError(
            f"{path} is not what a failed run writes: {place}: {fault['msg']}. It was edited or "
            f"damaged: delete it, or run the same command again."
        ) from error


def _shortened(message: str) -> str:
    """Return a message on one line that ends a sentence, and not endless."""
    text = " ".join(message.split())
    if len(text) > MOST_CHARACTERS:
        return f"{text[:MOST_CHARACTERS]}..."
    return text if text.endswith((".", "!", "?")) else f"{text}."
