"""Splitting photons in two independent halves, so that fitting noise does not pay.

Of the counts I of a pattern, I1 ~ Binomial(I, p) are shown to the network and I2 = I - I1 are its
target. If I is Poisson, I1 and I2 are independent Poisson draws of p and 1 - p of the intensity, so
a network cannot lower its loss on I2 by copying the noise of I1 (noise-to-noise; Lehtinen et
al., ICML 2018).

The photons are split anew after some epochs, each time with an initial guess of their own: made
from the photons that are shown, it knows nothing of the others.
"""

import os
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tasks.core.files.object_file import ObjectWindow
from tasks.core.geometry.patches import Window
from tasks.core.study.seeds import Purpose, spawn_sequence
from tasks.networks.batches import NetworkInputs, canvas_of, network_inputs
from tasks.networks.exposures import Counts, Exposures

CHUNK = 256
EPOCHS_PER_ROUND = 8
THINNED_BELOW_PHOTONS = 50_000.0
SHOWN_FRACTION = 0.6

GuessMaker = Callable[[Exposures, Window], NDArray[np.complex64]]


def choose_thinning(requested: float | None, photons_per_pattern: float) -> float:
    """Return the share of the photons that the network sees: the one place of the rule.

    If none was asked for, 0.6 below 50,000 measured photons per pattern. At 100,000 noise is so
    weak that it makes no difference, and the network sees all.
    """
    if requested is not None:
        return requested
    return SHOWN_FRACTION if photons_per_pattern < THINNED_BELOW_PHOTONS else 1.0


def thin_counts(
    diffraction_counts: NDArray[np.unsignedinteger], fraction: float, rng: np.random.Generator
) -> NDArray[np.integer]:
    """Return the photons that are shown, each of the counts with a probability of `fraction`."""
    return rng.binomial(diffraction_counts, fraction)


class TemporaryPatterns:
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
class ThinnedExposures:
    """One way to share out the photons.

    Attributes:
        shown: Exposures as the network sees them; the probe fits their photons.
        target_counts: Returns the counts that the network is compared with, by index.
        target_scale: Exposure of those counts over that of the shown ones.
        initial_guess: Made from what is shown, over the whole scan.
    """

    shown: Exposures
    target_counts: Callable[[NDArray[np.intp]], Counts]
    target_scale: float
    initial_guess: ObjectWindow

    def inputs(self, group: NDArray[np.intp], canvas: Window) -> NetworkInputs:
        """Return what a network is shown of a group; its guess is zero beyond the scan."""
        guess = np.nan_to_num(self.initial_guess.cut(canvas))
        return network_inputs(self.shown, group, canvas, guess)


class PhotonThinning:
    """Shares out the photons of a training scan, anew every few epochs; one round is kept."""

    def __init__(
        self,
        exposures: Exposures,
        shown_fraction: float,
        initial_guess: GuessMaker | None,
        seed: int,
    ) -> None:
        """Plan the rounds; the guess is zero where nothing makes it.

        With a shown fraction of 1 all photons are shown, and all are the target too.
        """
        self.exposures, self.shown_fraction, self.seed = exposures, shown_fraction, seed
        self._initial_guess = initial_guess
        self._made: tuple[int, ThinnedExposures] | None = None

    def at(self, number: int, group_size: int) -> ThinnedExposures:
        """Return how the photons are shared out in a batch, numbered from 0."""
        epochs = number * group_size // len(self.exposures)
        round_ = epochs // EPOCHS_PER_ROUND if self.shown_fraction < 1 else 0
        if self._made is None or self._made[0] != round_:
            self._made = (round_, self._thinned(round_))
        return self._made[1]

    def _thinned(self, round_: int) -> ThinnedExposures:
        """Share out the photons, in the same way whenever a round is asked for."""
        whole = self.exposures
        if self.shown_fraction >= 1:
            return ThinnedExposures(whole, whole.read, 1.0, self._guess(whole))
        seen = self._seen_patterns(round_)
        modes = (np.sqrt(self.shown_fraction) * whole.probe_modes).astype(np.complex64)
        shown = replace(whole, probe_modes=modes, read=seen.read)

        def target_counts(indices: NDArray[np.intp]) -> Counts:
            counts = seen.read(indices)
            rest: Counts = whole.read(indices).astype(counts.dtype) - counts
            return rest

        scale = (1 - self.shown_fraction) / self.shown_fraction
        return ThinnedExposures(shown, target_counts, scale, self._guess(shown))

    def _guess(self, shown: Exposures) -> ObjectWindow:
        canvas, make = canvas_of(shown.positions_px, shown.n_px), self._initial_guess
        guess = np.zeros(canvas.shape, np.complex64) if make is None else make(shown, canvas)
        return ObjectWindow(guess, canvas.corner_px)

    def _seen_patterns(self, round_: int) -> TemporaryPatterns:
        root = spawn_sequence(self.seed, Purpose.SUBSAMPLING)
        rng = np.random.default_rng([*root.generate_state(4), round_])
        seen = TemporaryPatterns(self.exposures.n_px, np.uint32)
        for part in self.exposures.chunks(CHUNK):
            seen.append(thin_counts(self.exposures.read(part), self.shown_fraction, rng))
        return seen
