"""Bounds on speed are ratios to the time of a fixed reference work done in between, not seconds.

On a machine with other users even seconds of the processor stretch, twofold and more, as they
take its caches and the other half of its cores.
"""

import time

import numpy as np
import pytest
import scipy.fft

SIDE_PX = 512
N_LOOPS = 100_000
# As long as a machine's speed goes up and down, so that its mean counts, as for the work measured.
N_REPEATS = 10


def pytest_addoption(parser):
    parser.addoption(
        "--one-round", action="store_true", help="measure once, warmed up only where that counts"
    )


class ReferenceWork:
    """Fixed work, of the kinds that this project does, and what it costs on this machine now."""

    def __init__(self):
        self._image = np.random.default_rng(0).standard_normal((SIDE_PX, SIDE_PX)) + 1j
        self._spent_s = []

    def measure(self):
        """Time the work some times more."""
        self._spent_s += [self._seconds_of_work() for _ in range(N_REPEATS)]

    def ratio(self, cpu_s):
        """Return a time [s] over the mean one of the work."""
        return cpu_s / float(np.mean(self._spent_s))

    def _seconds_of_work(self):
        """Do transforms, a sum over an image, and a loop in Python."""
        start = time.process_time()
        wave = scipy.fft.ifft2(scipy.fft.fft2(self._image))
        total = float(np.sum(np.abs(wave) ** 2))
        words = {number: str(number) for number in range(N_LOOPS)}
        spent_s = time.process_time() - start
        assert total > 0
        assert len(words) == N_LOOPS
        return spent_s


@pytest.fixture
def reference_work():
    return ReferenceWork()


@pytest.fixture
def cost_ratio(request, benchmark, reference_work):
    """Measure work: its median time over that of the reference work, done around the rounds."""

    def measure(work, n_patterns=None, *, rounds=3, is_slow_at_first=False, before=lambda: None):
        def prepare():
            before()
            reference_work.measure()

        # There is no such option where benchmarks are no more than tests among others.
        is_once = request.config.getoption("--one-round", default=False)
        n_rounds, n_warmup = (1, int(is_slow_at_first)) if is_once else (rounds, 1)
        benchmark.pedantic(work, setup=prepare, rounds=n_rounds, warmup_rounds=n_warmup)
        reference_work.measure()
        cpu_s = benchmark.stats.stats.median
        if n_patterns is not None:
            benchmark.extra_info["patterns_per_cpu_s"] = n_patterns / cpu_s
        benchmark.extra_info["reference_times"] = reference_work.ratio(cpu_s)
        return reference_work.ratio(cpu_s)

    return measure
