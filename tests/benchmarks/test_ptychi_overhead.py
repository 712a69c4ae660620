"""What our arm costs beyond pty-chi itself, on the study's dense scan.

Counted as pty-chi's: building its task and running its epochs, which one would do by hand with the
same minibatches, noise model and epochs. Counted as ours: reading the scan, its checks and
orientation, smoothing and extrapolation between epochs, iterates, progress and results. Neither
process start nor imports.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.params.profiles import resolve
from flows.params.run import PhaseGParams
from tasks.core.files.atomic_files import read_json
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.stage import simulate
from tasks.views.stage import select_view

HERE = Path(__file__).parent
LARGEST_OVERHEAD = 0.05


@pytest.mark.slow
def test_our_arm_costs_little_more_than_pty_chi_by_hand(tmp_path):
    params = resolve(PhaseGParams(photons_per_pattern=1e5, view="dense", seed=7))
    scans = {name: tmp_path / f"{name}.cxi" for name in ("train", "test")}
    simulate(params.simulation, StageFiles({}, scans | {"truth": tmp_path / "truth.h5"}), silent)
    outputs = {"view": "view.json", "overlap": "o.json", "coverage": "c.npz", "plot": "p.png"}
    paths = {name: tmp_path / file for name, file in outputs.items()}
    select_view(params.view, StageFiles({"scan": scans["test"]}, paths), silent)
    subprocess.run(
        [sys.executable, str(HERE / "ptychi_overhead_child.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"},
        check=True,
    )
    spent = read_json(tmp_path / "overhead.json")
    assert spent["total_s"] <= (1 + LARGEST_OVERHEAD) * spent["pty_chi_s"]
