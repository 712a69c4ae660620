"""How fast patterns are simulated, and how much memory a long scan takes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tasks.core.objects import ObjectParams, make_object
from tasks.core.seeds import Split
from tasks.core.stages import StageFiles, silent
from tasks.simulate.exposure import calibrate_probe, count_photons
from tasks.simulate.fly_scan import lay_out_scans
from tasks.simulate.illumination import make_probe
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

# Other work on the machine does not count.
pytestmark = [pytest.mark.slow, pytest.mark.benchmark(timer=time.process_time)]

# Peak memory [MiB] of a process that simulates rows x columns patterns of 128 px.
MEASURE = """
import sys
from pathlib import Path

from tasks.core.stages import StageFiles, silent
from tasks.runtime.memory import peak_memory_mib
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.simulate.stage import simulate

rows, columns, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
params = SimulationParams(
    probe=ProbeParams(n_px=128, defocus_rad=16.0),
    train_positions=(rows, columns),
    test_positions=(2, 2),
    min_test_span_px=0,
)
names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
simulate(params, StageFiles({}, {k: folder / v for k, v in names.items()}), silent)
print(peak_memory_mib())
"""


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


def test_a_long_scan_of_128_px_takes_little_memory(tmp_path):
    """3000 patterns take 98 MB of counts alone; the memory does not grow with their number."""
    peaks_mib = []
    for rows, columns in ((10, 20), (60, 50)):
        child = subprocess.run(
            [sys.executable, "-c", MEASURE, str(rows), str(columns), str(tmp_path)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        )
        peaks_mib.append(float(child.stdout))
    assert peaks_mib[1] < 500
    assert peaks_mib[1] - peaks_mib[0] < 90
