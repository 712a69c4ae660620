"""What a program cannot know of an object is fitted to the patterns that it was shown."""

import numpy as np
import pytest

from tasks.compare.alignment.gauge import Gauge, apply_gauge
from tasks.compare.placement.scan_gauge import in_scan_gauge
from tasks.compare.truth_free.held_out import held_out_misfit, predicted_intensity
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.physics.probe import defocused_zone_plate_probe
from tests.unit.compare.placement.planting import sample

N_PX = 32
POSITIONS = np.stack(np.mgrid[24:104:8, 24:104:8], axis=-1).reshape(-1, 2) + 0.25
GAUGE = Gauge(0.7 * np.exp(0.4j), (0.03, -0.02), (0.4, -0.3))


@pytest.fixture(scope="module")
def true_window():
    return ObjectWindow(sample(128), (0, 0))


@pytest.fixture(scope="module")
def scan(true_window, tmp_path_factory):
    """Return a scan of the true object, with 1e4 photons a pattern."""
    path = tmp_path_factory.mktemp("scan") / "scan.cxi"
    probe = 100 * defocused_zone_plate_probe(N_PX, 0.6, 0.0, 4.0)
    geometry = Geometry(8000.0, 2.0, 75e-6)
    empty = Scan(np.ones((len(POSITIONS), N_PX, N_PX), np.uint16), POSITIONS, probe, geometry, {})
    write_scan(path, empty)
    intensity = predicted_intensity(ScanReader(path).header, true_window, POSITIONS)
    counts = np.random.default_rng(7).poisson(intensity).astype(np.uint16)
    write_scan(path, Scan(counts, POSITIONS, probe, geometry, {}))
    return ScanReader(path)


def deviance(scan, window):
    return held_out_misfit(scan, window, np.arange(len(POSITIONS))).deviance_per_px


def test_a_gauge_is_found_and_removed(true_window, scan):
    changed = ObjectWindow(apply_gauge(true_window.object_, GAUGE), (0, 0))
    found, gauge = in_scan_gauge(changed, scan)
    assert gauge.gauge.factor == pytest.approx(0.7, rel=0.01)
    assert gauge.gauge.shift_px == pytest.approx(GAUGE.shift_px, abs=0.02)
    assert gauge.gauge.ramp_rad_per_px == pytest.approx(GAUGE.ramp_rad_per_px, abs=0.002)
    least = deviance(scan, true_window)
    assert deviance(scan, changed) > 1.5 * least
    assert deviance(scan, found) == pytest.approx(least, rel=0.01)
    assert gauge.record["deviance_per_px"][0] > gauge.record["deviance_per_px"][1]


def test_what_is_not_known_stays_unknown(true_window, scan):
    object_ = apply_gauge(true_window.object_, GAUGE)
    object_[110:] = np.nan
    found, gauge = in_scan_gauge(ObjectWindow(object_, (0, 0)), scan)
    assert gauge.n_patterns < len(POSITIONS)
    np.testing.assert_array_equal(np.isnan(found.object_), np.isnan(object_))
    assert gauge.gauge.shift_px == pytest.approx(GAUGE.shift_px, abs=0.03)


def test_an_object_beside_the_scan_is_left_alone_and_another_sample_not_moved_far(scan):
    beside = ObjectWindow(sample(64), (300, 300))
    assert in_scan_gauge(beside, scan) == (beside, None)
    other = ObjectWindow(sample(128, seed=9), (0, 0))
    _, gauge = in_scan_gauge(other, scan)
    assert gauge is None or np.abs(gauge.gauge.shift_px).max() <= 1.5
