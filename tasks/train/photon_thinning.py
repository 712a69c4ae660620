"""What of the exposures a network is shown, and what judges it.

With thinning the photons are split anew after some epochs, each time with a first guess of
their own: made from the photons that are shown, it knows nothing of those that judge.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow
from tasks.core.study.seeds import Purpose, spawn_sequence
from tasks.networks.batches import Canvas, canvas_of
from tasks.networks.exposures import Counts, Exposures
from tasks.train.temporary_files import ScratchPatterns
from tasks.train.thinning import thin_counts

CHUNK = 256
EPOCHS_PER_SPLIT = 8

FirstGuess = Callable[[Exposures, Canvas], NDArray[np.complex64]]


@dataclass(frozen=True)
class ExposureSplit:
    """One way to share out the photons.

    Attributes:
        shown: Exposures as the network sees them; the probe fits their photons.
        judging: Returns the counts that judge it, by index.
        judging_scale: Exposure of the judging photons over that of the shown ones.
        guess: First guess from what is shown, over the whole scan.
    """

    shown: Exposures
    judging: Callable[[NDArray[np.intp]], Counts]
    judging_scale: float
    guess: ObjectWindow

    def start(self, canvas: Canvas) -> NDArray[np.complexfloating]:
        """Return the first guess on a group's canvas; zero beyond the scan."""
        return np.nan_to_num(self.guess.cut(canvas.origin_px, canvas.shape))


class ExposureSplits:
    """The splits of a training, made when their turn comes; only one is kept."""

    def __init__(
        self, exposures: Exposures, thinning: float, first_guess: FirstGuess, seed: int
    ) -> None:
        """Plan the splits.

        Args:
            exposures: The training scan.
            thinning: Share of the photons that is shown; 1 shows all, and judges by all.
            first_guess: Makes the first guess on the canvas of the whole scan.
            seed: Root seed.
        """
        self.exposures, self.thinning, self.seed = exposures, thinning, seed
        self._first_guess = first_guess
        self._made: tuple[int, ExposureSplit] | None = None

    def split(self, number: int, group_size: int) -> ExposureSplit:
        """Return the split of a lesson.

        Args:
            number: Number of the lesson, from 0.
            group_size: Patterns that a lesson takes.
        """
        turn = number * group_size // (EPOCHS_PER_SPLIT * len(self.exposures))
        turn = turn if self.thinning < 1 else 0
        if self._made is None or self._made[0] != turn:
            self._made = (turn, self.make(turn))
        return self._made[1]

    def make(self, turn: int) -> ExposureSplit:
        """Make the split of a turn, the same whenever it is asked for."""
        if self.thinning >= 1:
            return ExposureSplit(
                self.exposures, self.exposures.read, 1.0, self._guess(self.exposures)
            )
        scratch = self._thinned(turn)
        shown = replace(
            self.exposures,
            probe_modes=(np.sqrt(self.thinning) * self.exposures.probe_modes).astype(np.complex64),
            read=scratch.read,
        )

        def judging(indices: NDArray[np.intp]) -> Counts:
            seen = scratch.read(indices)
            rest: Counts = self.exposures.read(indices).astype(seen.dtype) - seen
            return rest

        scale = (1 - self.thinning) / self.thinning
        return ExposureSplit(shown, judging, scale, self._guess(shown))

    def _guess(self, shown: Exposures) -> ObjectWindow:
        canvas = canvas_of(shown.positions_px, shown.n_px)
        return ObjectWindow(self._first_guess(shown, canvas), canvas.origin_px)

    def _thinned(self, turn: int) -> ScratchPatterns:
        root = spawn_sequence(self.seed, Purpose.SUBSAMPLING)
        rng = np.random.default_rng([*root.generate_state(4), turn])
        scratch = ScratchPatterns(self.exposures.n_px, np.uint32)
        for part in self.exposures.chunks(CHUNK):
            seen, _ = thin_counts(self.exposures.read(part), self.thinning, rng)
            scratch.append(seen)
        return scratch
