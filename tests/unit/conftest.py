"""A small simulated scan that tests of the networks share."""

import pytest

from tasks.core.files import write_json
from tasks.core.stages import StageFiles, silent
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
