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


def test_patterns_of_64_px_in_memory(benchmark):
    params = SimulationParams(train_positions=(25, 25), test_positions=(2, 2), min_test_span_px=0)
    layout = lay_out_scans(params, 26.9)
    positions = layout.positions_px[Split.TRAIN]
    object_ = make_object(ObjectParams(), layout.shape, np.random.default_rng(0))
    probe = calibrate_probe(object_, positions, make_probe(params), 1e4)
    counts = benchmark(count_photons, object_, positions, probe, np.random.default_rng(0))
    benchmark.extra_info["patterns_per_cpu_s"] = len(counts) / benchmark.stats.stats.median
    assert counts.shape == (625, 64, 64)


def test_patterns_of_64_px_in_files(benchmark, tmp_path):
    """The whole stage: object, calibration, exposure, shot noise, compression."""
    params = SimulationParams(train_positions=(41, 41), test_positions=(25, 25))
    outputs = {name: tmp_path / name for name in ("train", "test", "truth")}
    facts = benchmark.pedantic(
        simulate, (params, StageFiles({}, outputs), silent), rounds=3, iterations=1
    )
    n_patterns = facts["train"]["n_patterns"] + facts["test"]["n_patterns"]
    benchmark.extra_info["patterns_per_cpu_s"] = n_patterns / benchmark.stats.stats.median
