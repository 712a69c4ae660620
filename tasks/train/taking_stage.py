"""Stage function of Phase E in place of a training: the trained network of another hub, copied."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tasks.core import StrictModel
from tasks.core.files.atomic_files import sha256_of, write_bytes, write_json
from tasks.core.files.named_files import KnownFile
from tasks.core.files.scan_file import read_scan_header
from tasks.core.physics.probe import probe_sha256
from tasks.core.physics.probe_likeness import LEAST_LIKENESS, probe_likeness
from tasks.core.study.stage_record import Progress, StageFiles

CURE = "Leave --networks-from out to train networks for this probe."


class ProbeOfScan(StrictModel):
    """The probe that a network was trained with, in the scan of its training."""

    path: Path | None = Field(None, description="Scan (CXI); none: it is no longer there")
    file_sha256: str = Field(description="Fingerprint of the probe's shape, not of the file")


class TakingParams(StrictModel):
    """A trained network of another hub."""

    arm: str = Field(min_length=1, description="Arm that it was trained for")
    source: str = Field(min_length=1, description="Name of the other hub, and the folder in it")
    model: KnownFile = Field(description="Record of the network (JSON)")
    weights: KnownFile = Field(description="Its weights (HDF5)")
    probe: ProbeOfScan = Field(description="The probe that it was trained with")
    n_patterns: int = Field(ge=0, description="Patterns that it was trained on; 0: not known")
    training_cpu_s: float = Field(ge=0, description="What its training took in the other hub [s]")
    dose_ratio: float = Field(gt=0, description="Dose of its training over that of this run")
    other_view: bool = Field(description="Whether it was trained on another view")
    other_sample: bool = Field(description="Whether it was trained on another sample")


class TakenNetwork(StrictModel):
    """Content of `source.json`: where a network comes from, and what is different here."""

    schema_version: Literal[1] = 1
    arm: str
    source: str
    model_sha256: str
    weights_sha256: str
    training_cpu_s: float
    differences: dict[str, float] = Field(description="Rows of a comparison, by their metric")


def take_network(params: TakingParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Copy a trained network into the hub, and say where it comes from.

    The input is `scan` (CXI), the training scan of this run, for its probe; outputs are `weights`
    (HDF5) and `model` (JSON), the same bytes as in the other hub, and `source` (JSON).

    Returns:
        The training's cost in the other hub, and what is different.

    Raises:
        ValueError: If a file is not what it was when the run was planned, or the probe is another.
    """
    likeness = _likeness(params, files.inputs)
    for name, source in (("model", params.model), ("weights", params.weights)):
        write_bytes(files.outputs[name], source.path.read_bytes())
        if sha256_of(files.outputs[name]) != source.file_sha256:
            raise ValueError(f"{source.path} was changed while it was read. Run the same again.")
    taken = TakenNetwork(
        arm=params.arm,
        source=params.source,
        model_sha256=sha256_of(files.outputs["model"]),
        weights_sha256=sha256_of(files.outputs["weights"]),
        training_cpu_s=params.training_cpu_s,
        differences={
            "trained_dose_ratio": params.dose_ratio,
            "trained_probe_likeness": likeness,
            "trained_other_view": float(params.other_view),
            "trained_other_sample": float(params.other_sample),
        },
    )
    write_json(files.outputs["source"], taken.model_dump(mode="json"))
    progress(1, 1, f"took {params.arm} from {params.source}")
    # Under the name that the costs read.
    facts = {"n_patterns": params.n_patterns, "source_training_cpu_s": params.training_cpu_s}
    return {"arm": params.arm, "taken_from": params.source, **facts, **taken.differences}


def _likeness(params: TakingParams, inputs: Mapping[str, Path]) -> float:
    """Return how alike the probe of this run is to that of the training; refuse another one."""
    modes = read_scan_header(inputs["scan"]).probe_modes
    if probe_sha256(modes) == params.probe.file_sha256:
        return 1.0
    if params.probe.path is None:
        raise ValueError(
            f"{params.source} was trained with another probe, and its training scan is no longer "
            f"there to say how alike it is. {CURE}"
        )
    likeness = probe_likeness(read_scan_header(params.probe.path).probe_modes, modes)
    refuse_other_probe(likeness, params.source)
    return likeness


def refuse_other_probe(likeness: float, source: str) -> None:
    """Refuse a network (ValueError) that was trained with a probe that is not alike."""
    if likeness < LEAST_LIKENESS:
        raise ValueError(
            f"{source} was trained with another probe: the normed inner product with that of this "
            f"run is {likeness:.3f}, expected at least {LEAST_LIKENESS}. {CURE}"
        )
