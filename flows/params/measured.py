"""What a person chooses for a measured scan: the file, how it is read, cut and compared."""

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from prefect.runtime import deployment
from pydantic import Field, model_validator

from tasks.core.files.named_files import path_below
from tasks.core.geometry.region_cut import RegionParams
from tasks.ingest.params import IngestParams
from tasks.reconstruct.params import ReferenceOptions
from tasks.runtime.errors import BadInputError

SCAN_OPTION, FILE_OPTION = "--scan", "--measured.file"
DATA_ROOT = "PHASE_G_DATA_ROOT"


class Labels(StrEnum):
    """What the Baseline learns from on a measured scan."""

    REFERENCE = "reference"
    SIMULATION = "simulation"


class MeasuredParams(IngestParams):
    """A measured scan in place of a simulated one."""

    file: Path = Field(
        title="Measured scan",
        description=f"File of a measured scan, in place of a simulated one; {SCAN_OPTION} FILE",
    )
    thin: bool = Field(
        False,
        description="Thin the scan to the overlap of the view; otherwise every exposure is used",
    )
    labels: Annotated[Labels, Parameter(name="--labels")] = Field(
        Labels.REFERENCE,
        title="Labels of the Baseline",
        description="reference: pty-chi's reconstruction of the training region. simulation: a "
        "simulated sample with the scan's own probe and positions",
    )
    regions: RegionParams = Field(
        RegionParams(), description="How the scan is cut into a training and a test region"
    )
    reference: ReferenceOptions = Field(
        ReferenceOptions(), description="How the probe is refined and the reference is made"
    )

    @model_validator(mode="before")
    @classmethod
    def _below_the_data_root(cls, values: object) -> object:
        root = data_root()
        if root is None or not isinstance(values, dict) or values.get("file") is None:
            return values
        return values | {"file": confined_file(values["file"], root)}

    @property
    def ingest(self) -> IngestParams:
        """The parameters of the import alone."""
        return IngestParams.model_validate(self.model_dump(include=set(IngestParams.model_fields)))


def spelled_out(words: Sequence[str]) -> list[str]:
    """Return the words of a command line with `--scan FILE` as the option of its field.

    `--scan.<field>` are the options of a simulated scan, and `--scan {...}` all of them as JSON.
    """
    found = list(words)
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if word == SCAN_OPTION and not following.startswith("{"):
            found[place] = FILE_OPTION
        elif word.startswith(f"{SCAN_OPTION}=") and not word.startswith(f"{SCAN_OPTION}={{"):
            found[place] = f"{FILE_OPTION}={word.removeprefix(f'{SCAN_OPTION}=')}"
    return found


def confined_file(name: str | Path, root: Path, what: str = "scan") -> Path:
    """Return a file below a data root, every link followed; for names that come from a form.

    Raises:
        BadInputError: If the root is no folder, the name leads out of it, by `..` or by a link,
            or there is no such file.
    """
    if not root.is_dir():
        raise BadInputError(
            f"The data root {root} is no folder. Set {DATA_ROOT} to the folder that holds the "
            f"files to read."
        )
    path = path_below(root, name)
    if path is None:
        raise BadInputError(
            f"The {what} {name} leads out of the data root {root}. Name a file below it, without "
            f"`..`; a link may not point out of it either."
        )
    if not path.is_file() and not (what == "scan" and path.is_dir()):
        raise BadInputError(
            f"The data root {root} holds no file {name}. Name one relative to the root."
        )
    return path


def data_root() -> Path | None:
    """Return the folder that scans are confined to; None where the environment names none."""
    value = os.environ.get(DATA_ROOT, "")
    return Path(value) if value else None


def confined(measured: MeasuredParams) -> MeasuredParams:
    """Return the parameters with the scan below the data root, where there is one.

    A person at a command line has a shell anyway, and needs none.

    Raises:
        BadInputError: As `confined_file`, or if the run was triggered and there is no root.
    """
    root = data_root()
    if root is None and deployment.id is not None:
        raise BadInputError(
            f"A run from a form reads scans below the data root alone, and this worker has none. "
            f"Start it with {DATA_ROOT} naming the folder that holds the measured scans."
        )
    if root is None:
        return measured
    path = confined_file(measured.file, root)
    return measured.model_copy(update={"file": path, "data_root": root.resolve()})
