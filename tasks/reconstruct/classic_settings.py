"""Settings of the arms ePIE, RAAR and DM: the one place to choose them.

They were chosen on the object of seed 7, which no comparison uses, by the error against its
truth; docs/iterative_solver.md has the numbers, docs/sweeps/sweep_classic.py makes them again.
"""

from dataclasses import dataclass

from tasks.reconstruct.params import ClassicAlgorithm, ClassicParams
from tasks.reconstruct.solver_settings import Exposure, for_size


@dataclass(frozen=True)
class Choice:
    """What was chosen for an algorithm and a kind of view.

    Attributes:
        step: As in `ClassicSettings`.
        n_epochs: Passes over the test scan of the study; more for a larger one, by its side.
        averaged_fraction: Share of the epochs, the last ones, whose objects are averaged.
        batch_size: Patterns of one minibatch; None where all are taken at once.
    """

    step: float
    n_epochs: int
    averaged_fraction: float = 0.0
    batch_size: int | None = None


DENSE = {
    ClassicAlgorithm.EPIE: Choice(step=0.3, n_epochs=64, batch_size=16),
    ClassicAlgorithm.RAAR: Choice(step=0.9, n_epochs=64, averaged_fraction=0.5),
    ClassicAlgorithm.DM: Choice(step=0.5, n_epochs=16, averaged_fraction=0.5),
}
SPARSE = {
    ClassicAlgorithm.EPIE: Choice(step=1.0, n_epochs=128, batch_size=16),
    ClassicAlgorithm.RAAR: Choice(step=0.9, n_epochs=128, averaged_fraction=0.5),
    ClassicAlgorithm.DM: Choice(step=0.5, n_epochs=16, averaged_fraction=0.5),
}


@dataclass(frozen=True)
class ClassicSettings:
    """What a classic algorithm is run with; nothing is left to be decided.

    Attributes:
        step: Of ePIE the factor alpha of the object's update (Maiden & Rodenburg 2009, eq. 6); of
            RAAR the relaxation beta (Luke 2005); of DM what a change of the exit waves is
            multiplied by, 1 for the difference map as published.
        batch_size: Patterns of one minibatch; None where all are taken at once.
        averaged_epochs: Last epochs whose objects are averaged for the result, at least 1.
        seed: Seed of the order of minibatches; without them it changes nothing.
    """

    algorithm: ClassicAlgorithm
    n_epochs: int
    step: float
    batch_size: int | None
    averaged_epochs: int
    seed: int


def classic_settings_for(params: ClassicParams, exposure: Exposure, seed: int) -> ClassicSettings:
    """Fill in what the parameters leave open, by algorithm, overlap and number of exposures."""
    choice = (DENSE if exposure.is_dense else SPARSE)[params.algorithm]
    n_epochs = params.n_epochs or for_size(choice.n_epochs, exposure)
    return ClassicSettings(
        algorithm=params.algorithm,
        n_epochs=n_epochs,
        step=choice.step,
        batch_size=choice.batch_size,
        averaged_epochs=max(1, round(choice.averaged_fraction * n_epochs)),
        seed=seed,
    )
