"""Sweeps and passes one after the other, accelerated, and as many as the misfit asks for."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from tasks.networks.initial_guess.sweeps import Sweeper, momentum
from tasks.networks.photon_misfit import PhotonMisfit

SIMULTANEOUS_PASSES = 3
MORE_SWEEPS = 5
MOST_ITERATIONS = 50
LEAST_GAIN = 0.1


class Iteration:
    """An object that sweeps and passes improve, with Nesterov's momentum between them."""

    def __init__(self, sweeper: Sweeper, guess: NDArray[np.complex64], every: int) -> None:
        """Begin with a guess, (H, W); long waves are put right once in `every` sweeps."""
        self.sweeper, self.every, self.number = sweeper, every, 0
        self.object_ = self._leading = guess

    def sweep(self, count: int) -> Self:
        """Sweep some times."""
        for _ in range(count):
            straighten = self.number > 0 and (self.number + 1) % self.every == 1
            found, turn = self.sweeper.sequential(self._leading, straighten)
            self._go_on(found * turn, self.object_ * turn)
        return self

    def average(self, count: int) -> Self:
        """Pass some times over all patterns at once."""
        for _ in range(count):
            found = self._leading + self.sweeper.physics.step(self._leading)
            self._go_on(found, self.object_)
        return self

    def misfit(self) -> PhotonMisfit:
        """Return how far the object's patterns are from the counts."""
        return self.sweeper.physics.step_and_misfit(self.object_)[1]

    def _go_on(self, found: NDArray[np.complex64], before: NDArray[np.complex64]) -> None:
        self.number += 1
        self._leading = found + np.float32(momentum(self.number)) * (found - before)
        self.object_ = found


def reconstruct(
    sweeper: Sweeper, guess: NDArray[np.complex64], n_sweeps: int, every: int
) -> tuple[NDArray[np.complex64], PhotonMisfit]:
    """Return what sweeps and passes make of a guess, (H, W), zero without light, and its misfit.

    They go on while the misfit is far beyond that of photons and falls by a tenth in five sweeps;
    what raised it is not taken.
    """
    iteration = Iteration(sweeper, guess, every).sweep(n_sweeps).average(SIMULTANEOUS_PASSES)
    best, misfit = iteration.object_, iteration.misfit()
    is_falling = True
    while is_falling and misfit.is_beyond_photons and iteration.number < MOST_ITERATIONS:
        found = iteration.sweep(MORE_SWEEPS).misfit()
        is_falling = found.amplitude_squares < (1 - LEAST_GAIN) * misfit.amplitude_squares
        if not found.exceeds(misfit):
            best, misfit = iteration.object_, found
    return np.where(sweeper.physics.illumination > 0, best, 0).astype(np.complex64), misfit
