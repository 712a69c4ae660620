import re
from dataclasses import replace

import numpy as np
import pytest

from tasks.core.scan_file import Geometry, Scan
from tasks.reconstruct.scan_checks import check_scan, mean_transmission

GEOMETRY = Geometry(energy_ev=8000.0, distance_m=2.0, detector_pixel_m=75e-6)


@pytest.fixture
def scan():
    return Scan(
        diffraction_counts=np.full((4, 8, 8), 2, dtype=np.uint16),
        positions_px=np.array([[8.0, 8.0], [8.0, 12.0], [12.0, 8.0], [12.0, 12.0]]),
        probe=np.full((8, 8), 2.0 + 0j),
        geometry=GEOMETRY,
        provenance={},
    )


def test_a_sound_scan_passes(scan):
    check_scan(scan)
    assert mean_transmission(scan) == pytest.approx(0.5)


def test_a_pattern_too_few_is_refused(scan):
    with pytest.raises(ValueError, match="one pattern of 8 x 8 px"):
        check_scan(replace(scan, diffraction_counts=scan.diffraction_counts[:3]))


def test_an_empty_scan_is_refused(scan):
    empty = replace(
        scan, diffraction_counts=scan.diffraction_counts[:0], positions_px=scan.positions_px[:0]
    )
    with pytest.raises(ValueError, match="each of 0 positions"):
        check_scan(empty)


@pytest.mark.parametrize("name", ["diffraction_counts", "positions_px", "probe"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_value_that_is_not_finite_is_found_and_placed(scan, name, value):
    values = getattr(scan, name).astype(complex if name == "probe" else float)
    values.flat[7] = value
    place = tuple(int(index) for index in np.unravel_index(7, values.shape))
    with pytest.raises(ValueError, match=re.escape(f"not finite, the first at {place}")):
        check_scan(replace(scan, **{name: values}))


def test_negative_counts_are_refused(scan):
    counts = scan.diffraction_counts.astype(float)
    counts[0, 0, 0] = -1
    with pytest.raises(ValueError, match="cannot be negative"):
        check_scan(replace(scan, diffraction_counts=counts))


def test_a_dark_scan_is_refused(scan):
    with pytest.raises(ValueError, match="zero everywhere"):
        check_scan(replace(scan, diffraction_counts=scan.diffraction_counts * 0))


@pytest.mark.parametrize("scale", [0.05, 20.0])
def test_a_probe_that_does_not_carry_the_photons_is_refused(scan, scale):
    with pytest.raises(ValueError, match="Give counts, not amplitudes"):
        check_scan(replace(scan, probe=scan.probe * scale))
