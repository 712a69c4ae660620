"""The stages in which measured and simulated scans differ, by their place in the run."""

from dataclasses import dataclass

from tasks.core.study.stage_record import StageCall

Calls = tuple[StageCall, ...]


@dataclass(frozen=True)
class BeforeTraining:
    """What comes before networks can learn."""

    preparation: Calls = ()
    simulation: Calls = ()
    labelling: Calls = ()
    simulated_labels: Calls = ()


@dataclass(frozen=True)
class AfterTraining:
    """What a measured scan has besides: pictures of the whole of it."""

    views: Calls = ()
    predictions: Calls = ()
    overview: Calls = ()
