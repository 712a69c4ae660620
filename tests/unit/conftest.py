"""A small simulated scan that tests of the networks share."""

import os
import time

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json, write_text
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.stage_record import StageFiles, silent
from tasks.report.publish.write_reports import rebuild_numbers
from tasks.report.statistics.summary import ReportParams
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.simulate.stage import simulate


def simulated(folder, train_positions):
    """Simulate both splits in a folder, with views of all exposures."""
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    params = SimulationParams(
        photons_per_pattern=1e4,
        probe=ProbeParams(n_px=32, defocus_rad=4.0),
        train_positions=train_positions,
        test_positions=(5, 5),
        min_test_span_px=0,
        seed=7,
    )
    simulate(params, StageFiles({}, {key: folder / name for key, name in names.items()}), silent)
    for split, count in (("train", train_positions[0] * train_positions[1]), ("test", 25)):
        write_json(
            folder / f"{split}.json",
            {"view": "dense", "n_exposures": count, "indices": list(range(count))},
        )
    return folder


@pytest.fixture(scope="session")
def small_scan(tmp_path_factory):
    """Return a folder with a scan of 6 x 6 training patterns of 32 px."""
    return simulated(tmp_path_factory.mktemp("small"), (6, 6))


@pytest.fixture(scope="session")
def wide_scan(tmp_path_factory):
    """Return a folder with a scan of 10 x 10 training patterns of 32 px, to hold out some."""
    return simulated(tmp_path_factory.mktemp("wide"), (10, 10))


HUB_MEANS = {
    "PtychoPINN": {"ms_ssim": (0.90, 0.85), "mae": (0.030, 0.070)},
    "Baseline": {"ms_ssim": (0.89, 0.86), "mae": (0.035, 0.075)},
    "PtyChi": {"ms_ssim": (0.95, 0.95), "mae": (0.025, 0.050)},
}


@pytest.fixture
def report_hub(tmp_path):
    """Make a hub of tables and blocks, whose reports are made; some values may be shifted."""

    def make(name, shifts=(), blocks=True, dose=1000, arms=tuple(HUB_MEANS), seed=0):
        rng = np.random.default_rng(seed)
        hub = tmp_path / name
        folder = hub / f"analysis/dose_{dose}/dense/test"
        shared = rng.normal(0, 0.002, (9, 1))
        rows, lines = [], ["model,metric,block,amplitude,phase"]
        for model in arms:
            for metric, means in HUB_MEANS[model].items():
                values = np.array(means) + shared + rng.normal(0, 0.0005, (9, 2))
                values += dict(shifts).get((model, metric), 0.0)
                rows.append(MetricRow(model, metric, *values.mean(axis=0).tolist()))
                lines += [
                    f"{model},{metric},{n},{a!r},{p!r}" for n, (a, p) in enumerate(values.tolist())
                ]
        write_metrics_csv(folder / "comparison_metrics.csv", rows)
        if blocks:
            write_text(folder / "block_metrics.csv", "\n".join(lines) + "\n")
        rebuild_numbers(hub, ReportParams())
        return hub

    return make


@pytest.fixture
def is_alive():
    """Tell whether there is a process of an id."""

    def tell(pid):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    return tell


@pytest.fixture
def wait_until():
    """Wait until something is so, and fail if it does not become so."""

    def wait(condition, timeout_s=20.0):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)

    return wait
