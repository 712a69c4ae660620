"""Our product in Ptychodus itself: the same object, probe and pixels under the positions.

pip puts its wheel alone into a temporary folder, and a child process reads the product with it.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Geometry
from tasks.export import Exported, ptychodus

READER = "ptychodus==1.7.0"
CHILD = Path(__file__).with_name("ptychodus_child.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader(installed):
    """Install the reader alone, beside the packages that are here."""
    return installed(READER)


def test_ptychodus_reads_what_we_mean(reader, tmp_path):
    rng = np.random.default_rng(5)
    values = rng.standard_normal((41, 36)) + 1j * rng.standard_normal((41, 36))
    modes = rng.standard_normal((2, 16, 16)) + 1j * rng.standard_normal((2, 16, 16))
    geometry = Geometry(8800.0, 1.92, 75e-6)
    window = ObjectWindow(values.astype(np.complex64), (5, 11))
    positions = rng.uniform(8, 28, (9, 2)) + np.array([5, 11])
    exported = Exported("ptychi", window, modes, positions, geometry)
    (path,) = ptychodus.write(exported, tmp_path)
    subprocess.run(
        [sys.executable, str(CHILD), str(path), str(tmp_path / "read.npz")],
        env=os.environ | {"PYTHONPATH": str(reader)},
        check=True,
        capture_output=True,
    )
    with np.load(tmp_path / "read.npz") as read:
        np.testing.assert_array_equal(read["object_"].squeeze(), window.object_)
        np.testing.assert_array_equal(read["probe"].squeeze(), modes)
        assert read["pixel_m"] == pytest.approx(exported.pixel_m, rel=1e-12)
        assert read["energy_ev"] == pytest.approx(8800.0)
        assert read["distance_m"] == pytest.approx(1.92)
        # Its pixels have their middle at whole numbers, and a patch the middle (N - 1) / 2: our
        # patch about p covers p - N / 2 to p + N / 2 - 1, so its middle is half a pixel before p.
        inside = positions - np.asarray(window.origin_px) - 0.5
        np.testing.assert_allclose(read["y_px"], inside[:, 0], atol=1e-6)
        np.testing.assert_allclose(read["x_px"], inside[:, 1], atol=1e-6)
