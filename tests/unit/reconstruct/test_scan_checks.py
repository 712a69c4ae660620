import re
from dataclasses import replace

import numpy as np
import pytest

from tasks.core.files.scan_record import Geometry, PixelFault, Scan
from tasks.core.physics.forward import propagate
from tasks.core.physics.probe import coherent_probe
from tasks.reconstruct.scan_checks import check_scan, detected_photons, mean_transmission

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


def test_photons_of_masked_pixels_are_inferred_from_those_of_the_empty_beam(scan):
    rng = np.random.default_rng(1)
    modes = rng.standard_normal((2, 8, 8)) + 1j * rng.standard_normal((2, 8, 8))
    empty_beam = np.sum(np.abs(propagate(modes)) ** 2, axis=0)
    counts = np.tile(0.6 * empty_beam, (4, 1, 1))
    mask = np.zeros((8, 8), np.uint32)
    mask[4, 3:6], mask[0, 1] = PixelFault.SHADOWED, PixelFault.HOT
    counts[:, mask > 0] = 0
    counts[:, 0, 1] = 1e4
    masked = replace(
        scan,
        diffraction_counts=counts,
        probe=coherent_probe(modes),
        modes=modes,
        pixel_mask=mask,
    )
    assert detected_photons(masked) == pytest.approx(0.6 * empty_beam.sum())
    assert mean_transmission(masked) == pytest.approx(0.6)
    check_scan(masked)


def test_a_mask_without_a_good_pixel_is_refused(scan):
    mask = np.full((8, 8), PixelFault.DEAD, np.uint32)
    with pytest.raises(ValueError, match=r"leaves no good pixel\. Keep those that count"):
        check_scan(replace(scan, pixel_mask=mask))
