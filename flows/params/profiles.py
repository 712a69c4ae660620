"""What each profile means for each stage: the one place where sizes of a run are set."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from flows.params.run import PhaseGParams, Profile
from tasks.catalogue.reconstruction import LearnsFrom
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.region import ComparisonParams
from tasks.core.study.hub_layout import AS_MEASURED
from tasks.core.study.seeds import Seeds
from tasks.reconstruct.params import (
    ClassicAlgorithm,
    ClassicParams,
    PredictionParams,
    ProjectionParams,
    PtyChiParams,
    ReferenceOptions,
    ReferenceParams,
)
from tasks.report.statistics.summary import ReportParams
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.train.params import TrainingParams
from tasks.views.half_sets import HalvesParams
from tasks.views.params import MeasuredViewParams, ViewParams


@dataclass(frozen=True)
class Sizes:
    """Sizes of a run.

    Attributes:
        train_positions: Rows and columns of the training scan.
        test_positions: Rows and columns of the test scan.
        n_training_steps: Optimiser steps of each network.
        timeout_s: Time limit of a stage [s].
        probe: The probe and the side of a pattern.
        n_ptychi_epochs: Passes of the iterative solvers; none: by overlap and size.
        n_probe_epochs: Passes that refine the probe of a measured scan.
    """

    train_positions: tuple[int, int]
    test_positions: tuple[int, int]
    n_training_steps: int
    timeout_s: float
    probe: ProbeParams = field(default_factory=ProbeParams)
    n_ptychi_epochs: int | None = None
    n_probe_epochs: int = 40


SIZES = {
    Profile.SMOKE: Sizes(
        (15, 15),
        (25, 25),
        n_training_steps=24,
        timeout_s=900,
        n_ptychi_epochs=8,
        n_probe_epochs=8,
    ),
    Profile.QUICK: Sizes((41, 41), (25, 25), n_training_steps=1500, timeout_s=3600),
    Profile.STUDY: Sizes(
        (91, 91),
        (45, 45),
        n_training_steps=4000,
        timeout_s=24 * 3600,
        probe=ProbeParams(n_px=128, defocus_rad=16.0),
        n_probe_epochs=80,
    ),
}


def sizes_of(params: PhaseGParams) -> Sizes:
    """Return the sizes of a run: those of its profile, with what it was asked for in their place.

    The time limit of a stage grows with patterns, pixels and steps, and with the time to train.
    """
    usual, size, training = SIZES[params.profile], params.size, params.training
    found = replace(
        usual,
        train_positions=size.train or usual.train_positions,
        test_positions=size.test or usual.test_positions,
        n_training_steps=training.steps or usual.n_training_steps,
        probe=_probe(params, usual.probe),
    )
    more_patterns = _most_patterns(found) / _most_patterns(usual)
    side = (size.pattern_px or usual.probe.n_px) / usual.probe.n_px
    more_steps = found.n_training_steps / usual.n_training_steps
    more_work = max(1.0, more_patterns * side**2) * max(1.0, more_steps)
    return replace(found, timeout_s=usual.timeout_s * more_work + (training.budget_s or 0.0))


def _most_patterns(sizes: Sizes) -> int:
    """Return the number of patterns of the larger scan."""
    return max(math.prod(shape) for shape in (sizes.train_positions, sizes.test_positions))


# A trained network is near its goal: smaller steps than those of its training.
ADAPTATION_RATE = 1e-3

HELD_OUT_LIGHT_FRACTION = 0.99


@dataclass(frozen=True)
class StageParams:
    """The resolved parameters of every stage."""

    simulation: SimulationParams
    view: ViewParams
    halves: HalvesParams
    training: dict[str, TrainingParams]
    adaptation: TrainingParams
    projection: ProjectionParams
    prediction: dict[str, PredictionParams]
    ptychi: PtyChiParams
    refinement: PtyChiParams
    classic: dict[str, ClassicParams]
    comparison: ComparisonParams
    report: ReportParams


def resolve(
    params: PhaseGParams, replicate: int = 1, own_arms: tuple[str, ...] = ()
) -> StageParams:
    """Return the parameters of every stage for one replicate, numbered from 1, of a run.

    Own arms are those that the run has beside the catalogue. Raises pydantic's ValidationError if a
    value does not fit its stage.
    """
    arms = None if params.chosen_arms is None else (*params.chosen_arms, *own_arms)
    sizes, seeds = sizes_of(params), Seeds.from_study_seed(params.seed + replicate - 1)
    n_epochs = params.ptychi.n_epochs or sizes.n_ptychi_epochs
    solver = params.ptychi.model_dump() | {"n_epochs": n_epochs}
    if params.measured is not None:
        # The import has asked already, with a finer fit, and a person may have accepted its answer.
        solver["check_orientation"] = False
    ptychi = PtyChiParams(**solver, seed=seeds.grouping, device=params.device)
    return StageParams(
        simulation=SimulationParams(
            photons_per_pattern=params.photons_per_pattern,
            train_object=params.sample,
            test_object=params.test_sample,
            probe=sizes.probe,
            scan=params.scan,
            instrument=params.instrument,
            train_positions=sizes.train_positions,
            test_positions=sizes.test_positions,
            seed=seeds.simulation,
            sample_seed=_sample_seed(params, replicate),
        ),
        view=(MeasuredViewParams if params.view_name == AS_MEASURED else ViewParams)(
            view=params.view, grouping_seed=seeds.grouping, subsampling_seed=seeds.subsampling
        ),
        halves=HalvesParams(),
        training={
            arm.name: _training(
                params,
                arm=arm.name,
                learns_from=arm.learns_from.value,
                seed=seeds.grouping,
                **{"n_steps": sizes.n_training_steps} | params.training.schedule,
            )
            for arm in RECONSTRUCTIONS.networks
        },
        adaptation=_training(
            params,
            n_steps=max(1, params.adapt_steps),
            learning_rate=ADAPTATION_RATE,
            holdout_fraction=0.0,
            seed=seeds.subsampling,
        ),
        projection=ProjectionParams(passes=params.training.n_passes),
        prediction={
            arm.name: PredictionParams(
                arm=arm.name,
                # What is different is refused when networks are taken, or flagged.
                accept_other_probe=params.networks_from is not None,
                accept_other_dose=params.networks_from is not None,
                device=params.device,
                backend=params.backend,
            )
            for arm in RECONSTRUCTIONS.networks
        },
        ptychi=ptychi,
        refinement=ptychi.model_copy(update={"n_epochs": max(1, params.refine), "n_orders": 1}),
        classic={
            algorithm.value: ClassicParams(
                algorithm=algorithm,
                n_epochs=sizes.n_ptychi_epochs,
                seed=seeds.grouping,
                device=params.device,
            )
            for algorithm in ClassicAlgorithm
        },
        # Patches of a measured scan may be far larger than its probe.
        comparison=ComparisonParams(
            held_out_light_fraction=1.0 if params.measured is None else HELD_OUT_LIGHT_FRACTION,
            arms=arms,
        ),
        report=ReportParams(arms=arms),
    )


def reference_of(params: PhaseGParams, asked: ReferenceOptions) -> ReferenceParams:
    """Return how the reference of a measured scan is made: as asked for, else as the profile says.

    Replicates share it, so its order of minibatches is that of the first one.
    """
    sizes = sizes_of(params)
    chosen = asked.model_dump() | {
        "probe_epochs": asked.probe_epochs or sizes.n_probe_epochs,
        "object_epochs": asked.object_epochs or sizes.n_ptychi_epochs,
    }
    seed = Seeds.from_study_seed(params.seed).grouping
    return ReferenceParams(**chosen, seed=seed, device=params.device)


def _training(params: PhaseGParams, **chosen: Any) -> TrainingParams:
    """Return the parameters of a training, of the network and on the device that were asked for."""
    learns_labels = chosen.get("learns_from") == LearnsFrom.LABELS.value
    return TrainingParams(
        architecture=params.training.architecture(params.architecture),
        thinning_fraction=None if learns_labels else params.training.thinning_fraction,
        device=params.device,
        backend=params.backend,
        **chosen,
    )


def _sample_seed(params: PhaseGParams, replicate: int) -> int | None:
    """Return the seed of the sample: the first replicate's, unless each has its own."""
    if replicate == 1 or params.fresh_samples:
        return None
    return Seeds.from_study_seed(params.seed).simulation


def _probe(params: PhaseGParams, usual: ProbeParams) -> ProbeParams:
    """Return the profile's probe, with what the run was asked for in its place."""
    asked = {} if params.probe is None else params.probe.model_dump(exclude_unset=True)
    if params.size.pattern_px is not None:
        asked["n_px"] = params.size.pattern_px
    if not asked:
        return usual
    return ProbeParams.model_validate(usual.model_dump() | asked)
