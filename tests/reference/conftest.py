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
