"""Laws of the geometry and the physics, for any field."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.core.geometry.overlap import disc_overlap_fraction
from tasks.core.geometry.patches import (
    extract_patches,
    place_patches,
    shifted_probes,
    split_positions,
)
from tasks.core.physics.forward import (
    back_propagate,
    diffraction_intensity,
    diffraction_intensity_of_modes,
    fourier_shift,
    propagate,
)

N_PX = 8
SHAPE = (20, 24)
finite = st.floats(-1e3, 1e3, allow_subnormal=False)


def complex_fields(shape):
    return st.builds(
        lambda real, imaginary: real + 1j * imaginary,
        arrays(np.float64, shape, elements=finite),
        arrays(np.float64, shape, elements=finite),
    )


positions = arrays(
    np.float64,
    (3, 2),
    elements=st.floats(N_PX / 2, min(SHAPE) - N_PX / 2 - 0.6, allow_subnormal=False),
)


@given(patches=complex_fields((3, N_PX, N_PX)), probe=complex_fields((N_PX, N_PX)))
def test_photons_are_conserved(patches, probe):
    exit_photons = np.sum(np.abs(probe * patches) ** 2, axis=(1, 2))
    detector_photons = diffraction_intensity(patches, probe).sum(axis=(1, 2))
    np.testing.assert_allclose(detector_photons, exit_photons, rtol=1e-12, atol=1e-9)


@given(patches=complex_fields((3, N_PX, N_PX)), modes=complex_fields((2, N_PX, N_PX)))
def test_modes_add_their_photons_and_do_not_interfere(patches, modes):
    together = diffraction_intensity_of_modes(patches, modes)
    apart = sum(diffraction_intensity(patches, mode) for mode in modes)
    np.testing.assert_allclose(together, apart, rtol=1e-12)
    exit_photons = np.sum(np.abs(modes[:, None] * patches) ** 2, axis=(0, 2, 3))
    np.testing.assert_allclose(together.sum(axis=(1, 2)), exit_photons, rtol=1e-12, atol=1e-9)


@given(patches=complex_fields((2, N_PX, N_PX)), phase=st.floats(-np.pi, np.pi))
def test_a_global_phase_is_invisible(patches, phase):
    probe = np.ones((N_PX, N_PX), dtype=complex)
    turned = diffraction_intensity(patches * np.exp(1j * phase), probe)
    np.testing.assert_allclose(turned, diffraction_intensity(patches, probe), rtol=1e-9, atol=1e-6)


@given(object_=complex_fields(SHAPE), patches=complex_fields((3, N_PX, N_PX)), where=positions)
def test_cutting_and_placing_are_adjoint(object_, patches, where):
    cut = np.vdot(extract_patches(object_, where, N_PX), patches)
    placed = np.vdot(object_, place_patches(patches, where, SHAPE))
    np.testing.assert_allclose(cut, placed, rtol=1e-10, atol=1e-4)


@given(wave=complex_fields((N_PX, N_PX)), far_field=complex_fields((N_PX, N_PX)))
def test_back_propagation_is_inverse_and_adjoint(wave, far_field):
    np.testing.assert_allclose(back_propagate(propagate(wave)), wave, atol=1e-9)
    left = np.vdot(propagate(wave), far_field)
    np.testing.assert_allclose(left, np.vdot(wave, back_propagate(far_field)), rtol=1e-9, atol=1e-5)


@given(where=positions)
def test_positions_split_into_a_pixel_and_a_rest(where):
    nearest, rests = split_positions(where)
    np.testing.assert_allclose(nearest + rests, where, atol=1e-12)
    assert np.all((rests >= -0.5) & (rests < 0.5))


@given(field=complex_fields((N_PX, N_PX)), where=positions)
def test_a_shifted_probe_keeps_its_photons(field, where):
    energies = np.sum(np.abs(shifted_probes(field, where)) ** 2, axis=(1, 2))
    np.testing.assert_allclose(energies, np.sum(np.abs(field) ** 2), rtol=1e-9, atol=1e-9)


@given(field=complex_fields((N_PX, N_PX)), rows=st.integers(-3, 3), columns=st.integers(-3, 3))
def test_a_whole_pixel_shift_is_a_roll(field, rows, columns):
    shifted = fourier_shift(field, np.array([[rows, columns]], dtype=float))[0]
    np.testing.assert_allclose(shifted, np.roll(field, (rows, columns), axis=(0, 1)), atol=1e-8)


@given(ratio=st.floats(0, 2), diameter=st.floats(0.1, 1e3))
def test_disc_overlap_is_a_falling_fraction(ratio, diameter):
    here, further = disc_overlap_fraction(np.array([ratio, ratio + 0.1]) * diameter, diameter)
    assert 0 <= further <= here <= 1
