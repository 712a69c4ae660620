"""Splitting photons in two independent halves, so that fitting noise does not pay.

Of the counts I of a pattern, I1 ~ Binomial(I, p) are shown to the network and I2 = I - I1 judge
it. If I is Poisson, I1 and I2 are independent Poisson draws of p and 1 - p of the intensity, so
a network cannot lower its loss on I2 by copying the noise of I1 (noise-to-noise; Lehtinen et
al., ICML 2018).

The photons are split anew after some epochs, each time with a first guess of their own: made from
the photons that are shown, it knows nothing of those that judge.
"""

import os
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tasks.core.files.object_file import ObjectWindow
from tasks.core.geometry.scan_box import Window
from tasks.core.study.seeds import Purpose, spawn_sequence
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Counts, Exposures

CHUNK = 256
EPOCHS_PER_SPLIT = 8
THINNED_BELOW_PHOTONS = 50_000.0
SHOWN_FRACTION = 0.6

FirstGuess = Callable[[Exposures, Window], NDArray[np.complex64]]


def choose_thinning(requested: float | None, photons_per_pattern: float) -> float:
    """Return the share of the photons that the network sees: the one place of the rule.

    Below 50,000 measured photons per pattern the network sees 0.6 of them. At 100,000 noise is
    so weak that it makes no difference, and the network sees all.

    Args:
        requested: Share that was asked for; none leaves it to the rule.
        photons_per_pattern: Measured mean photons of a pattern.

    Returns:
        Share in (0, 1]; 1 is no thinning.
    """
    if requested is not None:
        return requested
    return SHOWN_FRACTION if photons_per_pattern < THINNED_BELOW_PHOTONS else 1.0


def thin_counts(
    diffraction_counts: NDArray[np.unsignedinteger], fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Split counts at random into the seen and the judging photons; their sum is the counts."""
    seen = rng.binomial(diffraction_counts, fraction)
    return seen, diffraction_counts.astype(seen.dtype) - seen


class ScratchPatterns:
    """Patterns in a file without a name, which the system frees with this process."""

    def __init__(self, n_px: int, dtype: DTypeLike) -> None:
        self._file = tempfile.TemporaryFile(prefix="phase-g-patterns-")  # noqa: SIM115 - kept open
        weakref.finalize(self, self._file.close)
        self._shape, self._dtype = (n_px, n_px), np.dtype(dtype)
        self._size = n_px * n_px * self._dtype.itemsize

    def append(self, patterns: NDArray[np.generic]) -> None:
        """Append patterns, shape (any, N, N), of the type that was announced."""
        self._file.write(np.ascontiguousarray(patterns, dtype=self._dtype).data)

    def read(self, indices: NDArray[np.intp]) -> NDArray[np.unsignedinteger]:
        """Return patterns by index, any order, shape (any, N, N)."""
        self._file.flush()
        found = np.empty((len(indices), *self._shape), dtype=self._dtype)
        for place, index in enumerate(indices):
            content = os.pread(self._file.fileno(), self._size, int(index) * self._size)
            found[place] = np.frombuffer(content, dtype=self._dtype).reshape(self._shape)
        return found


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

    def start(self, canvas: Window) -> NDArray[np.complexfloating]:
        """Return the first guess on a group's canvas; zero beyond the scan."""
        return np.nan_to_num(self.guess.cut(canvas))


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
        return ObjectWindow(self._first_guess(shown, canvas), canvas.corner_px)

    def _thinned(self, turn: int) -> ScratchPatterns:
        root = spawn_sequence(self.seed, Purpose.SUBSAMPLING)
        rng = np.random.default_rng([*root.generate_state(4), turn])
        scratch = ScratchPatterns(self.exposures.n_px, np.uint32)
        for part in self.exposures.chunks(CHUNK):
            seen, _ = thin_counts(self.exposures.read(part), self.thinning, rng)
            scratch.append(seen)
        return scratch
