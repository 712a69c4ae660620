import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def run_ptychi():
    """Run jobs of `ptychi_child.py` in a process of their own; TensorFlow and torch share none."""

    def run(folder, *jobs):
        return subprocess.run(
            [sys.executable, str(HERE / "ptychi_child.py"), str(folder), *jobs],
            env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
            capture_output=True,
            text=True,
            check=True,
        )

    return run


@pytest.fixture(scope="session")
def scan_to_solve():
    """Simulate a scan of some rows of patterns, with a noisy truth to start from, in a folder."""

    def simulated(folder, rows, photons_per_pattern):
        names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
        params = SimulationParams(
            photons_per_pattern=photons_per_pattern,
            train_positions=(2, 2),
            test_positions=(rows, rows),
            min_test_span_px=0,
            seed=7,
        )
        files = StageFiles({}, {key: folder / name for key, name in names.items()})
        simulate(params, files, silent)
        count = rows**2
        view = {"view": "dense", "n_exposures": count, "indices": list(range(count))}
        write_json(folder / "view.json", view)
        truth = read_object(folder / "truth.h5")
        noise = np.random.default_rng(1).standard_normal((2, *truth.object_.shape))
        noisy = truth.object_ + 0.1 * (noise[0] + 1j * noise[1])
        write_object(folder / "noisy.h5", ObjectWindow(noisy, truth.origin_px))

    return simulated


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Install packages apart from those that are here, once; skip, with pip's reason, without."""
    folders = {}

    def install(*packages: str, dependencies: bool = False) -> Path:
        if packages not in folders:
            target = tmp_path_factory.mktemp("packages")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
            options = ["--no-compile"] if dependencies else ["--no-compile", "--no-deps"]
            done = subprocess.run(
                [*pip, *options, *packages], capture_output=True, text=True, check=False
            )
            folders[packages] = target, done
        target, done = folders[packages]
        if done.returncode:
            pytest.skip(f"pip cannot install {packages[0]}: {done.stderr.strip()[-300:]}")
        return target

    return install
