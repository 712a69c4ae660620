"""How fast patterns are simulated."""

import time

import numpy as np
import pytest

from tasks.core.objects import ObjectParams, make_object
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.exposure import calibrate_probe, count_photons
from tasks.simulate.fly_scan import lay_out_scans, make_probe
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

# Other work on the machine does not count.
pytestmark = [pytest.mark.slow, pytest.mark.benchmark(timer=time.process_time)]


def test_patterns_of_64_px_in_memory(cost_ratio):
    params = SimulationParams(train_positions=(25, 25), test_positions=(2, 2), min_test_span_px=0)
    layout = lay_out_scans(params, 26.9)
    positions = layout.positions_px[Split.TRAIN]
    object_ = make_object(ObjectParams(), layout.shape, np.random.default_rng(0))
    probe = calibrate_probe(object_, positions, make_probe(params), 1e4)

    def work():
        counts = count_photons(object_, positions, probe, np.random.default_rng(0))
        assert counts.shape == (625, 64, 64)

    cost_ratio(work, 625, rounds=5)


def test_patterns_of_64_px_in_files(cost_ratio, tmp_path):
    """The whole stage: object, calibration, exposure, shot noise, compression."""
    params = SimulationParams(train_positions=(41, 41), test_positions=(25, 25))
    outputs = {name: tmp_path / name for name in ("train", "test", "truth")}

    def work():
        facts = simulate(params, StageFiles({}, outputs), silent)
        assert [facts[split]["n_patterns"] for split in ("train", "test")] == [41 * 41, 25 * 25]

    cost_ratio(work, 41 * 41 + 25 * 25)
