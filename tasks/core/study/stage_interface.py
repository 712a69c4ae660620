"""What a stage function is given: files by name, and a way to say how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
