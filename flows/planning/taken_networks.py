"""The trained networks of another hub, which a run takes in place of training its own."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.params.run import PhaseGParams
from tasks.catalogue.reconstruction import Reconstruction
from tasks.core import Complex128
from tasks.core.files.atomic_files import read_json
from tasks.core.files.named_files import KnownFile
from tasks.core.physics.probe import probe_sha256
from tasks.core.physics.probe_likeness import probe_likeness
from tasks.core.study.hub_layout import PLAN, Condition
from tasks.networks.architectures.base import Architecture
from tasks.networks.model_record import PHOTONS_FACTOR
from tasks.networks.stored_network import StoredNetwork
from tasks.runtime.errors import BadInputError
from tasks.train.taking_stage import ProbeOfScan, TakingParams, refuse_other_probe

OPTION = "--networks-from"
FUNCTION, TAKEN = "tasks.train.taking_stage:take_network", "take-"
CURE = f"Leave {OPTION} out to train networks, or name a hub that fits."


@dataclass(frozen=True)
class Candidate:
    """A trained network of the other hub: its folder there, and what it was trained for."""

    folder: str
    condition: Condition

    def distance(self, wanted: Condition) -> tuple[bool, float, int, int]:
        """Return how far it is from a condition: view, dose, replicate; the nearest is taken."""
        ratio = self.condition.photons_per_pattern / wanted.photons_per_pattern
        number = self.condition.replicate
        other = abs(number - wanted.replicate)
        return self.condition.view != wanted.view, abs(math.log(ratio)), other, number


class NetworkSource:
    """The hub that networks are taken from."""

    def __init__(self, params: PhaseGParams) -> None:
        """Take note of what a run is asked for; a BadInputError if the hub is none, or its own."""
        if params.networks_from is None:
            raise ValueError(f"There is no hub to take networks from: give {OPTION} HUB.")
        self.params, self.hub = params, params.networks_from.resolve()
        if self.hub == params.hub.resolve():
            raise BadInputError(
                f"{OPTION} {params.networks_from} is the hub of the run itself. Name another hub, "
                f"or leave it out: what is trained is not trained again."
            )
        if not (self.hub / PLAN).is_file():
            raise BadInputError(
                f"{OPTION} must name the hub of an earlier run, and {params.networks_from} holds "
                f"no {PLAN}. {CURE}"
            )

    def take(
        self, arm: Reconstruction, wanted: Condition, probe: Complex128 | None
    ) -> TakingParams:
        """Return the network of an arm that is nearest to a condition.

        Args:
            arm: Whose network.
            wanted: Dose, view and replicate of the run.
            probe: The run's probe, (M, N, N); None where it is not known yet.

        Raises:
            BadInputError: If there is none, it was changed, or was trained by another version of
                the code, on other sizes, for another architecture or with another probe.
        """
        found = min(self._candidates(arm), key=lambda one: one.distance(wanted), default=None)
        if found is None:
            raise BadInputError(
                f"{self.params.networks_from} holds no network of {arm.name}. {CURE}"
            )
        stored = self._open(found)
        source = f"{self.hub.name}/{found.folder}"
        likeness = self._refuse_other_data(stored, source, probe)
        ratio = found.condition.photons_per_pattern / wanted.photons_per_pattern
        self._refuse_to_adapt(ratio, likeness)
        n_patterns, cpu_s = _training_facts(stored)
        own_probe = stored.record.data.probe_sha256
        return TakingParams(
            arm=arm.name,
            source=source,
            model=KnownFile(path=stored.model),
            weights=KnownFile(path=stored.weights),
            probe=ProbeOfScan(path=stored.training_scan(), file_sha256=own_probe),
            n_patterns=n_patterns,
            training_cpu_s=cpu_s,
            dose_ratio=ratio,
            other_view=found.condition.view != wanted.view,
            other_sample=self._is_other_sample,
        )

    def _open(self, found: Candidate) -> StoredNetwork:
        """Return a network; a BadInputError if it was changed, or its code was."""
        try:
            stored = StoredNetwork.open(self.hub / found.folder)
            stored.refuse_other_code()
            stored.training_scan()
        except ValueError as error:
            raise BadInputError(f"{OPTION}: {error}") from error
        return stored

    def _candidates(self, arm: Reconstruction) -> Iterator[Candidate]:
        """Yield the finished networks of an arm."""
        for manifest in sorted(self.hub.glob(f"data/phase_e/**/{arm.slug}/gs*/manifest.json")):
            folder = manifest.parent.relative_to(self.hub)
            dose, *replicate, view, _, _ = folder.parts[2:]
            number = int(replicate[0].removeprefix("replicate_")) if replicate else 1
            condition = Condition(float(dose.removeprefix("dose_")), view, number)
            yield Candidate(folder.as_posix(), condition)

    def _refuse_other_data(
        self, stored: StoredNetwork, source: str, probe: Complex128 | None
    ) -> float:
        """Refuse a network of other sizes or with another probe; return how alike the probes are.

        Where the run's probe is not known yet, the stage looks at it: 1 is returned.
        """
        record, kind = stored.record, self.params.architecture
        wanted = self.params.training.architecture(kind)
        if record.architecture != wanted:
            raise BadInputError(
                f"{source} is a network of the architecture {_described(record.architecture)}, and "
                f"the run asks for {_described(wanted)}. Give --architecture, --training.channels "
                f"and --training.passes as that hub has them. {CURE}"
            )
        if probe is None:
            return 1.0
        if probe.shape[-1] != record.data.n_px:
            raise BadInputError(
                f"{source} was trained on patterns of {record.data.n_px} px, and those of this run "
                f"have {probe.shape[-1]} px. {CURE}"
            )
        if probe_sha256(probe) == record.data.probe_sha256:
            return 1.0
        modes = stored.probe_modes()
        likeness = 0.0 if modes is None else probe_likeness(modes, probe)
        try:
            refuse_other_probe(likeness, source)
        except ValueError as error:
            raise BadInputError(str(error)) from error
        return likeness

    def _refuse_to_adapt(self, ratio: float, likeness: float) -> None:
        """Refuse to fine-tune a network of another dose or probe; that is a training."""
        is_other = max(ratio, 1 / ratio) > PHOTONS_FACTOR or likeness < 1
        if self.params.adapt_steps and is_other:
            raise BadInputError(
                f"A network is fine-tuned for the probe that it was trained with, and within "
                f"{PHOTONS_FACTOR:g} times its dose; got {ratio:.3g} times this run's dose and "
                f"a probe that is alike by {likeness:.3f}. Leave --adapt-steps out. {CURE}"
            )

    @cached_property
    def _is_other_sample(self) -> bool:
        """Whether the other hub was trained on another kind of sample, or another measured scan."""
        theirs = read_json(self.hub / PLAN).get("parameters", {})
        return _are_different(theirs, self.params.science)


def _described(architecture: Architecture) -> str:
    """Return an architecture in words: its name, and its sizes."""
    sizes = architecture.model_dump(mode="json")
    name = sizes.pop("kind")
    return " ".join([name, *(f"{size}={value}" for size, value in sizes.items())])


def _training_facts(stored: StoredNetwork) -> tuple[int, float]:
    """Return the patterns of a training and what it took [s], wherever the network was trained."""
    if stored.manifest is None:
        return 0, 0.0
    facts = stored.manifest.facts
    spent = facts.get("source_training_cpu_s", stored.manifest.cpu_s)
    return int(facts.get("n_patterns", 0)), float(spent)


def _are_different(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Tell whether two runs have other samples, as far as both know the options of one."""
    files = [(run.get("measured") or {}).get("file_sha256") for run in (theirs, ours)]
    if any(files):
        return files[0] != files[1]
    one, other = (run.get("sample") or {} for run in (theirs, ours))
    return any(one[name] != other[name] for name in one.keys() & other.keys())
