"""What all tests share: a quiet Prefect of their own, and small scans."""

import os
import tempfile
from pathlib import Path

# Read by Prefect when it is imported, so it is set before anything else.
os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="phase-g-tests-"))
os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tasks.core.stages import StageFiles

settings.register_profile(
    "phase-g", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("phase-g")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261124)


@pytest.fixture
def stage_files(tmp_path: Path):
    """Make `StageFiles` from names in a temporary folder."""

    def make(inputs: tuple[str, ...] | dict = (), outputs: tuple[str, ...] | dict = ()) -> StageFiles:
        def paths(names: tuple[str, ...] | dict) -> dict[str, Path]:
            pairs = names.items() if isinstance(names, dict) else ((name, name) for name in names)
            return {name: tmp_path / file for name, file in pairs}

        return StageFiles(paths(inputs), paths(outputs))

    return make
