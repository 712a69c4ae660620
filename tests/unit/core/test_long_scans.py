"""Memory does not grow with the length of a scan."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.simulate.stage import simulate
from tasks.train.params import TrainingParams

pytestmark = pytest.mark.slow
SCAN_FILES = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}

# Each prints the peak memory [MiB] of its process.
SIMULATE = """
import sys
from pathlib import Path

from tasks.core.study.stage_record import StageFiles, silent
from tasks.runtime.process_lifetime import peak_memory_mib
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

folder, params = Path(sys.argv[1]), SimulationParams.model_validate_json(sys.argv[2])
names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
simulate(params, StageFiles({}, {k: folder / v for k, v in names.items()}), silent)
print(peak_memory_mib())
"""
TRAIN = """
import sys
from pathlib import Path

from tasks.core.study.stage_record import StageFiles, silent
from tasks.runtime.process_lifetime import peak_memory_mib
from tasks.train.params import TrainingParams
from tasks.train.stage import train

folder, params = Path(sys.argv[1]), TrainingParams.model_validate_json(sys.argv[2])
names = {"weights": "n.weights.h5", "model": "m.json", "history": "h", "learning_curve": "c.png"}
inputs = {"scan": folder / "train.cxi", "view": folder / "train.json"}
train(params, StageFiles(inputs, {k: folder / v for k, v in names.items()}), silent)
print(peak_memory_mib())
"""


def peak_mib(script, folder, params):
    child = subprocess.run(
        [sys.executable, "-c", script, folder, params.model_dump_json()],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(child.stdout)


def scan_of(rows, columns, **changes):
    return SimulationParams(
        train_positions=(rows, columns), test_positions=(2, 2), min_test_span_px=0, **changes
    )


def test_a_long_scan_of_128_px_is_simulated_in_little_memory(tmp_path):
    """3000 patterns take 98 MB of counts alone."""
    probe = ProbeParams(n_px=128, defocus_rad=16.0)
    short, long = (
        peak_mib(SIMULATE, tmp_path, scan_of(rows, columns, probe=probe))
        for rows, columns in ((10, 20), (60, 50))
    )
    assert long < 500
    assert long - short < 90


def test_a_network_learns_from_a_long_scan_in_little_memory(tmp_path):
    """6,000 patterns take 49 MB of counts as they are, and ten times that as waves."""
    peaks_mib = []
    for rows, columns in ((20, 50), (60, 100)):
        params = scan_of(rows, columns, photons_per_pattern=1e4)
        outputs = {name: tmp_path / file for name, file in SCAN_FILES.items()}
        simulate(params, StageFiles({}, outputs), silent)
        count = rows * columns
        view = {"view": "dense", "n_exposures": count, "indices": list(range(count))}
        write_json(tmp_path / "train.json", view)
        peaks_mib.append(peak_mib(TRAIN, tmp_path, TrainingParams(n_steps=3)))
    assert peaks_mib[0] < 2000
    assert peaks_mib[1] - peaks_mib[0] < 350, np.round(peaks_mib)
