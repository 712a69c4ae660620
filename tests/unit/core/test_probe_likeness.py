import numpy as np
import pytest

from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.physics.probe_likeness import probe_likeness

PROBE = defocused_zone_plate_probe(32, 0.6, 0.2, 2.0)


def test_photons_and_global_phase_do_not_matter():
    assert probe_likeness(PROBE, 7 * np.exp(2j) * PROBE) == pytest.approx(1)


def test_of_single_modes_it_is_the_normed_inner_product():
    other = defocused_zone_plate_probe(32, 0.6, 0.2, 5.0)
    expected = abs(np.vdot(PROBE, other)) / np.linalg.norm(PROBE) / np.linalg.norm(other)
    assert probe_likeness(PROBE, other) == pytest.approx(expected)
    assert probe_likeness(PROBE[None], other) == pytest.approx(expected)


def test_how_light_is_divided_into_modes_does_not_matter(rng):
    modes = rng.standard_normal((2, 8, 8)) + 1j * rng.standard_normal((2, 8, 8))
    angle = 0.7
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = np.tensordot(turn, modes, axes=1)
    assert probe_likeness(modes, turned) == pytest.approx(1)
    assert probe_likeness(modes, modes[:1]) < 1


def test_probes_without_common_light_are_not_alike():
    one, other = np.zeros((2, 8, 8), dtype=complex)
    one[0, 0], other[1, 1] = 1, 1
    assert probe_likeness(one, other) == 0


def test_probes_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="Crop or pad one of them"):
        probe_likeness(PROBE, PROBE[2:-2, 2:-2])
