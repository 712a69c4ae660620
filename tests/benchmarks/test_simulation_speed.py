"""How fast patterns are simulated: patches, probe, transform and shot noise in one go."""

import numpy as np
import pytest

from tasks.core.objects import OBJECTS
from tasks.core.seeds import Split
from tasks.simulate.exposure import calibrate_probe, count_photons
from tasks.simulate.fly_scan import lay_out_scans
from tasks.simulate.illumination import make_probe
from tasks.simulate.params import SimulationParams

pytestmark = pytest.mark.slow


def test_patterns_of_64_px(benchmark):
    params = SimulationParams(train_positions=(25, 25), test_positions=(2, 2))
    layout = lay_out_scans(params, 26.9)
    positions = layout.positions_px[Split.TRAIN]
    object_ = OBJECTS["dead_leaves"](layout.shape, np.random.default_rng(0))
    probe = calibrate_probe(object_, positions, make_probe(params), 1e4)
    counts = benchmark(count_photons, object_, positions, probe, np.random.default_rng(0))
    benchmark.extra_info["patterns_per_s"] = len(counts) / benchmark.stats.stats.median
    assert counts.shape == (625, 64, 64)
