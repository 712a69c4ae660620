"""What a stage function is given, and the JSON record of what it read, wrote and found."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from tasks.core import StrictModel
from tasks.core.files.atomic_files import sha256_of

# What a run does after its stages, each time.
PUBLISH_DELTAS, VERIFY_EVIDENCE = "publish-deltas", "verify-evidence"


@dataclass(frozen=True)
class StageFiles:
    """The files of a stage by name, as absolute paths of this machine.

    Attributes:
        inputs: Files to read.
        outputs: Files to write, each whole or not at all (`tasks.core.files.atomic_files`).
        fingerprint: Of the stage's parameters, inputs and code, for what it may keep beside its
            outputs to go on from after an interruption; empty where it shall keep nothing.
    """

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    fingerprint: str = ""


class Progress(Protocol):
    """Says how far a stage is; cheap, may be called at every step."""

    def __call__(self, done: int, total: int, text: str) -> None:
        """Report `done` of `total` steps, with a few words and numbers with units."""


def silent(done: int, total: int, text: str) -> None:
    """Report nothing; for callers that do not watch."""


Phase = Literal["C", "D", "E", "F", "G"]
Facts = dict[str, Any]
# The last line of the log of a stage: `# <time> ended well`.
ENDED_WELL = "ended well"


def _inside_of_the_hub(path: str) -> str:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or path[1:2] == ":":
        raise ValueError(
            f"{path!r} is not inside of the hub: files are named relative to the hub with forward "
            f"slashes"
        )
    return path


HubPath = Annotated[
    str,
    AfterValidator(_inside_of_the_hub),
    WithJsonSchema({"type": "string", "pattern": r"^(?!.:)[^/\\][^\\]*$"}),
    Field(description="Path relative to the hub, forward slashes"),
]


class FileRef(BaseModel):
    """A file of the hub, by its path relative to the hub and its fingerprint."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    path: HubPath
    sha256: str = Field(description="SHA-256 of the bytes")
    size_bytes: int = Field(ge=0, description="Size [bytes]")

    @classmethod
    def of(cls, hub: Path, relative: str) -> "FileRef":
        """Return the reference to a file that exists in the hub."""
        path = hub / relative
        return cls(path=relative, sha256=sha256_of(path), size_bytes=path.stat().st_size)

    def is_intact(self, hub: Path) -> bool:
        """Tell whether the file is there, unchanged."""
        path = hub / self.path
        return (
            path.is_file()
            and path.stat().st_size == self.size_bytes
            and sha256_of(path) == self.sha256
        )


class StageCall(StrictModel):
    """One stage of a plan: what runs, with which parameters, from which files to which."""

    stage: str = Field(description="Name, unique in the hub, also that of the log")
    phase: Phase = Field(description="Phase of the study")
    function: str = Field(description="Stage function as module:name")
    params: dict[str, Any] = Field(description="Parameters of the stage, as JSON")
    inputs: dict[str, str] = Field(description="Files it reads, relative to the hub")
    outputs: dict[str, str] = Field(description="Files it writes, relative to the hub")
    manifest: str = Field(description="Where its record is written, relative to the hub")
    timeout_s: float = Field(gt=0, description="Time after which it is killed [s]")

    @property
    def log(self) -> str:
        """Path of the stage's log, relative to the hub."""
        return f"cli/{self.stage}.log"


class StageRecord(BaseModel):
    """What a finished stage read, wrote and found; also its cached result."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", title="manifest.json of a stage"
    )

    schema_version: Literal[1] = Field(
        1, description="Raised when a key changes its meaning or goes; new keys do not raise it"
    )
    stage: str
    phase: Phase
    cache_key: str
    params: dict[str, Any]
    inputs: dict[str, FileRef]
    outputs: dict[str, FileRef]
    facts: Facts = Field(description="Numbers that the stage found, with units in their names")
    wall_s: float = Field(ge=0, description="Time on the clock [s]")
    cpu_s: float = Field(ge=0, description="Time of all processors together [s]")
    peak_memory_mib: float = Field(ge=0, description="Largest resident memory [MiB]")
    versions: dict[str, str] = Field(description="Versions of Python and of the packages used")

    def is_intact(self, hub: Path) -> bool:
        """Tell whether every file that the stage wrote is there, unchanged."""
        return all(ref.is_intact(hub) for ref in self.outputs.values())
