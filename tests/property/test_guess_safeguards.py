"""What holds for an initial guess, and for plain projections, where the model itself is wrong."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import extract_patches, shifted_probes
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.forward import diffraction_intensity_of_modes
from tasks.core.physics.probe import defocused_zone_plate_probe, incoherent_modes
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import initial_guess
from tasks.networks.initial_guess.closed_form import flat_guess
from tasks.networks.initial_guess.safeguards import misfit_of
from tasks.networks.photon_misfit import PhotonMisfit
from tasks.networks.projections import PhysicsPass

N_PX = 32
WEAK = ObjectParams(amplitude_range=(0.9, 1.0), phase_range_rad=(-0.3, 0.3))


def exposures_of(photons, position_error_px, seed=7):
    """Simulate a weak sample under three modes with a ring-shaped bright field, positions wrong."""
    rng = np.random.default_rng(seed)
    positions = 20.0 + jittered_raster(9, 9, 4.0, 0.5, rng)
    side = int(positions.max()) + 22
    object_ = make_object(WEAK, (side, side), rng)
    probe = np.sqrt(photons) * defocused_zone_plate_probe(N_PX, 0.5, 0.6, 4.0)
    modes = incoherent_modes(probe, 3, 0.2)
    moved = np.stack([shifted_probes(mode, positions) for mode in modes])
    patches = extract_patches(object_, positions, N_PX)
    counts = rng.poisson(diffraction_intensity_of_modes(patches, moved)).astype(float)
    wrong = (
        positions + rng.normal(0, position_error_px, positions.shape)
        if position_error_px
        else positions
    )
    good = np.ones((N_PX, N_PX), dtype=bool)
    return Exposures(wrong, modes.astype(np.complex64), good, lambda indices: counts[indices])


@pytest.mark.parametrize("photons", [1e5, 5e7])
@pytest.mark.parametrize("error_px", [0.0, 1.0, 3.0, 5.0])
def test_a_guess_fits_no_worse_than_a_flat_object_and_stays_physical(photons, error_px):
    exposures = exposures_of(photons, error_px)
    canvas = canvas_of(exposures.positions_px, N_PX)
    every = np.arange(len(exposures), dtype=np.intp)
    found = initial_guess(exposures, canvas)
    flat = flat_guess(exposures, canvas)
    own, flats = (misfit_of(part, exposures, canvas, every) for part in (found, flat))
    assert own.amplitude_squares <= 1.0001 * flats.amplitude_squares
    assert np.isfinite(found).all()
    if own.is_beyond_photons:
        assert np.abs(found).max() < 2.5 * np.abs(flat).max()


def test_projections_never_end_worse_than_they_began_where_positions_are_wrong():
    exposures = exposures_of(5e7, 5.0)
    canvas = canvas_of(exposures.positions_px, N_PX)
    every = np.arange(len(exposures), dtype=np.intp)
    guess = initial_guess(exposures, canvas)
    *_, last = islice(PhysicsPass.of(exposures, canvas, 64).passes(guess), 50)
    before, after = (misfit_of(part, exposures, canvas, every) for part in (guess, last))
    assert after.amplitude_squares <= before.amplitude_squares


def test_photons_alone_disperse_by_one_and_a_wrong_model_by_more():
    rng = np.random.default_rng(7)
    intensity = np.full((20, N_PX, N_PX), 200.0)
    good = np.ones((N_PX, N_PX))
    right = PhotonMisfit.of(rng.poisson(intensity).astype(float), intensity, good)
    assert right.dispersion == pytest.approx(1.0, abs=0.03)
    assert not right.is_beyond_photons
    wrong = intensity * (1 + 0.3 * rng.standard_normal(intensity.shape))
    off = PhotonMisfit.of(rng.poisson(np.maximum(wrong, 0)).astype(float), intensity, good)
    assert off.is_beyond_photons


def test_misfits_of_parts_add_up_and_bad_pixels_count_nothing():
    rng = np.random.default_rng(7)
    counts, intensity = (
        rng.poisson(5.0, (4, N_PX, N_PX)).astype(float),
        np.full((4, N_PX, N_PX), 5.0),
    )
    good = np.ones((N_PX, N_PX))
    good[3] = 0
    whole = PhotonMisfit.of(counts, intensity, good)
    spoilt = counts.copy()
    spoilt[:, 3] = 1e9
    assert PhotonMisfit.of(spoilt, intensity, good) == whole
    parts = PhotonMisfit.of(counts[:1], intensity[:1], good)
    parts += PhotonMisfit.of(counts[1:], intensity[1:], good)
    assert parts.squares == pytest.approx(whole.squares)
    assert replace(parts, squares=whole.squares).photons == whole.photons
