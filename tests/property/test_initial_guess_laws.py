"""Laws of the initial guess: what it does not depend on, and what it must find."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import Window, extract_patches, shifted_probes
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.forward import (
    diffraction_intensity,
    diffraction_intensity_of_modes,
    draw_counts,
)
from tasks.core.physics.probe import defocused_zone_plate_probe, incoherent_modes
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import initial_guess
from tasks.networks.initial_guess.closed_form import closed_form_guess
from tasks.networks.initial_guess.gradients import missing_gradients
from tasks.networks.initial_guess.sweeps import Sweeper, far_subsets, momentum
from tasks.networks.projections import project

N_PX = 32
STEP_PX = 4.0
seeds = st.integers(0, 2**32 - 1)


def exposures_of(counts, positions, modes, good=None):
    good = np.ones((N_PX, N_PX), dtype=bool) if good is None else good
    return Exposures(positions, modes.astype(np.complex64), good, lambda indices: counts[indices])


def simulated(seed, photons=1e5, n_modes=1, step_px=STEP_PX, n_rows=7):
    rng = np.random.default_rng(seed)
    positions = 18.0 + jittered_raster(n_rows, n_rows, step_px, 0.2 * step_px, rng)
    side = int(positions.max()) + 20
    object_ = make_object(ObjectParams(), (side, side), rng)
    probe = np.sqrt(photons) / 0.75 * defocused_zone_plate_probe(N_PX, 0.5, 0.3, 4.0)
    modes = incoherent_modes(probe, n_modes, 0.4)
    moved = np.stack([shifted_probes(mode, positions) for mode in modes])
    patches = extract_patches(object_, positions, N_PX)
    counts = draw_counts(diffraction_intensity_of_modes(patches, moved), rng)
    return exposures_of(counts, positions, modes), counts, object_


def correlation(found, exposures, canvas, object_):
    """Return the correlation of a guess with the truth where there is light, gauge left free."""
    top, left = canvas.corner_px
    truth = np.zeros(canvas.shape, dtype=complex)
    part = object_[top : top + canvas.shape[0], left : left + canvas.shape[1]]
    truth[: part.shape[0], : part.shape[1]] = part
    light = Sweeper.of(exposures, canvas, STEP_PX, 1).physics.illumination
    weight = np.where(light > 0.3 * light.max(), 1.0, 0.0)
    product = weight * found * truth.conj()
    step_y = np.angle(np.sum(product[1:] * product[:-1].conj()))
    step_x = np.angle(np.sum(product[:, 1:] * product[:, :-1].conj()))
    rows, columns = np.indices(canvas.shape)
    overlap = np.abs(np.sum(product * np.exp(-1j * (step_y * rows + step_x * columns))))
    norms = np.sum(weight * np.abs(found) ** 2) * np.sum(weight * np.abs(truth) ** 2)
    return overlap / np.sqrt(norms)


@given(seed=seeds, period=st.integers(1, 4), count=st.integers(2, 120))
@settings(deadline=None, max_examples=40)
def test_every_exposure_is_in_one_subset_whatever_the_order(seed, period, count):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 400, size=(count, 2))
    subsets = far_subsets(positions, 5.0, period)
    assert sorted(np.concatenate(subsets).tolist()) == list(range(count))
    order = rng.permutation(count)
    again = far_subsets(positions[order], 5.0, period)
    assert [set(order[part].tolist()) for part in again] == [set(p.tolist()) for p in subsets]


def test_members_of_a_subset_of_a_raster_stand_a_period_apart():
    positions = 5.0 * np.stack(np.mgrid[:12, :12], axis=-1).reshape(-1, 2) + 0.5
    for subset in far_subsets(positions, 5.0, 3):
        distance = np.linalg.norm(positions[subset][:, None] - positions[subset], axis=-1)
        assert distance[distance > 0].min() >= 15.0


@pytest.mark.parametrize(("step_px", "n_rows"), [(4.0, 7), (11.0, 4)])
def test_the_guess_depends_neither_on_the_order_nor_on_the_place(step_px, n_rows):
    exposures, counts, _ = simulated(3, step_px=step_px, n_rows=n_rows)
    canvas = canvas_of(exposures.positions_px, N_PX)
    found = initial_guess(exposures, canvas)
    order = np.random.default_rng(1).permutation(len(exposures))
    moved = exposures_of(
        counts[order], exposures.positions_px[order] + [40.0, -7.0], exposures.probe_modes
    )
    there = canvas_of(moved.positions_px, N_PX)
    assert there.corner_px == (canvas.corner_px[0] + 40, canvas.corner_px[1] - 7)
    np.testing.assert_allclose(initial_guess(moved, there), found, atol=2e-3)


def test_sweeps_find_more_than_the_closed_form():
    exposures, _, object_ = simulated(5)
    canvas = canvas_of(exposures.positions_px, N_PX)
    closed, swept = (
        correlation(make(exposures, canvas), exposures, canvas, object_)
        for make in (closed_form_guess, initial_guess)
    )
    assert swept > 0.99 > closed


def test_several_modes_are_used_as_such():
    exposures, counts, object_ = simulated(5, n_modes=3)
    canvas = canvas_of(exposures.positions_px, N_PX)
    energies = np.sum(np.abs(exposures.probe_modes) ** 2, axis=(1, 2))
    alone = exposures.probe_modes[:1] * np.sqrt(energies.sum() / energies[0])
    told = exposures_of(counts, exposures.positions_px, alone)
    every, one = (
        correlation(initial_guess(known, canvas), exposures, canvas, object_)
        for known in (exposures, told)
    )
    assert every > 0.98
    assert every > one


def test_masked_pixels_may_hold_anything():
    exposures, counts, _ = simulated(5)
    good = np.ones((N_PX, N_PX), dtype=bool)
    good[[3, 15, 20], [7, 12, 29]] = False
    damaged = counts.copy()
    damaged[:, ~good] = 50_000
    canvas = canvas_of(exposures.positions_px, N_PX)
    clean, hot = (
        initial_guess(exposures_of(c, exposures.positions_px, exposures.probe_modes, good), canvas)
        for c in (np.where(good, counts, 0), damaged)
    )
    np.testing.assert_array_equal(clean, hot)


@given(seed=seeds)
@settings(deadline=None, max_examples=10)
def test_a_missing_gradient_is_found_to_the_limit_of_its_photons(seed):
    rng = np.random.default_rng(seed)
    probe = 100 * defocused_zone_plate_probe(N_PX, 0.5, 0.3, 4.0)
    object_ = make_object(ObjectParams(), (N_PX, N_PX), rng)
    rows, columns = np.indices((N_PX, N_PX)) - N_PX // 2
    planted = rng.uniform(-0.01, 0.01, size=2)
    ramped = object_ * np.exp(1j * (planted[0] * rows + planted[1] * columns))
    true = np.fft.ifftshift(diffraction_intensity(ramped[None], probe), axes=(-2, -1))
    counts = rng.poisson(np.repeat(true, 200, axis=0))
    position = np.full((200, 2), N_PX / 2)
    exposures = exposures_of(np.fft.fftshift(counts, axes=(-2, -1)), position, probe[None])
    window = Window((0, 0), (N_PX, N_PX))
    everything = np.arange(200)
    found = project(exposures, window, everything, object_.astype(np.complex64), with_slopes=True)
    gradients = missing_gradients(found, np.ones((N_PX, N_PX)))
    np.testing.assert_allclose(gradients.mean(axis=0), planted, atol=0.1 * 0.01)
    centre = np.array([counts.sum(axis=a) @ (np.fft.fftfreq(N_PX) * N_PX) for a in (2, 1)]).T
    centre = 2 * np.pi / N_PX * centre / counts.sum(axis=(1, 2))[:, None]
    assert np.all(gradients.std(axis=0) < 0.8 * centre.std(axis=0)), "beats the centre of mass"


def test_gradients_ask_for_slopes():
    exposures, _, _ = simulated(5)
    canvas = canvas_of(exposures.positions_px, N_PX)
    found = project(exposures, canvas, np.arange(3), np.ones(canvas.shape, np.complex64))
    with pytest.raises(ValueError, match="with_slopes=True"):
        missing_gradients(found, np.ones((N_PX, N_PX)))


def test_long_waves_of_the_phase_are_put_right():
    exposures, _, object_ = simulated(9, photons=1e6, n_rows=12)
    canvas = canvas_of(exposures.positions_px, N_PX)
    top, left = canvas.corner_px
    rows, columns = np.indices(canvas.shape)
    bend = 0.4 * np.cos(2 * np.pi * rows / canvas.shape[0]) * np.sin(columns / 20)
    window = np.ones(canvas.shape, dtype=complex)
    part = object_[top : top + canvas.shape[0], left : left + canvas.shape[1]]
    window[: part.shape[0], : part.shape[1]] = part
    sweeper = Sweeper.of(exposures, canvas, STEP_PX, 3)
    lit = sweeper.physics.illumination > 0.3 * sweeper.physics.illumination.max()
    bent = (window * np.exp(1j * bend)).astype(np.complex64)
    swept, turn = sweeper.sequential(bent, straighten=True)
    before, after = (np.angle(o * window.conj())[lit].std() for o in (bent, swept * turn))
    assert after < 0.4 * before
    np.testing.assert_allclose(np.abs(turn), 1.0, atol=1e-5)


def test_without_a_gradient_nothing_turns():
    exposures, _, _ = simulated(5)
    canvas = canvas_of(exposures.positions_px, N_PX)
    turn = Sweeper.of(exposures, canvas, STEP_PX, 2).turn(np.zeros((len(exposures), 2)))
    np.testing.assert_array_equal(turn, 1.0)


def test_momentum_rises_from_zero_to_its_cap():
    values = [momentum(number) for number in range(1, 60)]
    assert values[0] == 0.0
    assert np.all(np.diff(values) >= 0)
    assert values[-1] == 0.9


def test_probes_and_counts_are_the_same_kept_or_made_anew(monkeypatch):
    exposures, _, _ = simulated(5, n_modes=2)
    indices = np.array([7, 3, 11])
    kept, counts = exposures.probes(indices), exposures.counts(indices)
    monkeypatch.setattr("tasks.networks.exposures.KEPT_BYTES", 0)
    np.testing.assert_array_equal(replace(exposures).probes(indices), kept)
    np.testing.assert_array_equal(replace(exposures).counts(indices), counts)
