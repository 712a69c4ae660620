"""A scan larger than memory is no problem: patterns pass through, some at a time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.scan_file import ScanWriter
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import ScanHeader

CHILD = Path(__file__).with_name("memory_child.py")


def write_large(path, scan, n_patterns, n_px):
    """Write a scan of many patterns, the small one's over and over, padded."""
    side = int(np.ceil(np.sqrt(n_patterns)))
    rows, columns = np.divmod(np.arange(n_patterns), side)
    positions = np.stack([rows, columns], axis=1) * 4.0 + n_px
    probe = np.zeros((n_px, n_px), dtype=complex)
    middle = slice(n_px // 2 - 16, n_px // 2 + 16)
    probe[middle, middle] = scan.probe
    header = ScanHeader(positions, probe, scan.geometry, {})
    part = np.zeros((100, n_px, n_px), dtype=np.uint16)
    part[:, middle, middle] = scan.diffraction_counts
    with ScanWriter.open(path, header) as writer:
        for start in range(0, n_patterns, 100):
            writer.append(part[: min(100, n_patterns - start)])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_scan(scan, tmp_path):
    peaks = []
    for count in (1000, 6000):
        write_large(tmp_path / "large.cxi", scan, count, 128)
        child = [sys.executable, str(CHILD), str(tmp_path / "large.cxi"), str(tmp_path / "out.cxi")]
        done = subprocess.run(child, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout))
        assert len(ScanReader(tmp_path / "out.cxi")) == count
    # 5000 patterns more are 160 MiB as they are stored, 640 MiB in double precision.
    assert peaks[1] < peaks[0] + 60
    assert peaks[1] < 1000
