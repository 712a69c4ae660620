"""With a counterfeit torchvision, in a process of its own: no torch is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = (
    "from tasks.reconstruct.torchvision_import import import_torchvision;"
    "print(import_torchvision());"
    "from torchvision.transforms import GaussianBlur; print(GaussianBlur)"
)


def run_with_torchvision(folder, registrations):
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from . import extension\nfrom torchvision import _meta_registrations\n"
    )
    (package / "extension.py").write_text("def _has_ops():\n    return True\n")
    (package / "_meta_registrations.py").write_text(registrations)
    (package / "transforms.py").write_text("GaussianBlur = 'a filter'\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )


def test_a_sound_torchvision_is_imported_as_it_is(tmp_path):
    result = run_with_torchvision(tmp_path, "")
    assert result.stdout.split("\n")[:2] == ["True", "a filter"]


def test_missing_operators_leave_the_python_part_usable(tmp_path):
    result = run_with_torchvision(
        tmp_path, "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    assert result.stdout.split("\n")[:2] == ["False", "a filter"]


@pytest.mark.parametrize("error", ["RuntimeError('something else')", "ImportError('no libjpeg')"])
def test_any_other_failure_is_not_hidden(tmp_path, error):
    result = run_with_torchvision(tmp_path, f"raise {error}")
    assert result.returncode == 1
    assert error.split("'")[1] in result.stderr
