"""A yardstick for speed: bounds are ratios to fixed work that was done in between, not seconds.

On a machine with other users even seconds of the processor stretch, twofold and more, as they
take its caches and the other half of its cores.
"""

import time

import numpy as np
import pytest
import scipy.fft

SIDE_PX = 512
N_LOOPS = 100_000


class Yardstick:
    """Fixed work, of the kinds that this project does, and what it costs on this machine now."""

    def __init__(self):
        self._image = np.random.default_rng(0).standard_normal((SIDE_PX, SIDE_PX)) + 1j
        self._spent_s = []

    def measure(self):
        """Do the work once: transforms, sums over an image, and a loop in Python."""
        start = time.process_time()
        wave = scipy.fft.ifft2(scipy.fft.fft2(self._image))
        total = float(np.sum(np.abs(wave) ** 2))
        words = {number: str(number) for number in range(N_LOOPS)}
        assert total > 0
        assert len(words) == N_LOOPS
        self._spent_s.append(time.process_time() - start)

    def ratio(self, cpu_s):
        """Return a time [s] over the median one of the work."""
        return cpu_s / float(np.median(self._spent_s))


@pytest.fixture
def yardstick():
    return Yardstick()
