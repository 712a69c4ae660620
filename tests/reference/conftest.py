import os
import subprocess
import sys
from pathlib import Path

import pytest

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
