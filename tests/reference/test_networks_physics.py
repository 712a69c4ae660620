"""The networks' physics against the numerical core and against plain formulas."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from scipy.special import xlogy

from tasks.core.geometry.patches import extract_patches, place_patches, shifted_probes
from tasks.core.physics.forward import diffraction_intensity, draw_counts
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.device import Device
from tasks.networks import physics as network_physics
from tasks.networks.architectures.base import Canvases
from tasks.networks.batches import as_pair, canvas_of, flat_indices, network_inputs
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess.gradients import integrate_gradient, lag_sums, probe_lags
from tasks.networks.physics import (
    far_field,
    near_field,
    predicted_intensity,
    predicted_waves,
    projection_sum,
)
from tasks.networks.projections import PhysicsPass
from tasks.train.losses import PHYSICS_LOSSES, poisson_deviance, supervised_loss
from tasks.train.training_setup import in_gauge_of

use_device(Device.CPU)
N_PX = 32
SHAPE = (72, 80)
GOOD = np.ones((N_PX, N_PX), np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def probe():
    return 30 * defocused_zone_plate_probe(N_PX, 0.4, 0.3, 4.0)


@pytest.fixture
def positions_px(rng):
    return rng.uniform((17, 17), (54, 62), size=(12, 2))


@pytest.fixture
def object_(rng):
    return rng.uniform(0.5, 1, SHAPE) * np.exp(1j * rng.uniform(-1, 1, SHAPE))


def as_complex(pair):
    return ops.convert_to_numpy(pair[0]) + 1j * ops.convert_to_numpy(pair[1])


def probe_of(inputs):
    return inputs["probe_real"], inputs["probe_imaginary"]


def true_intensity(object_, positions_px, probe):
    patches = extract_patches(object_, positions_px, N_PX)
    return diffraction_intensity(patches, shifted_probes(probe, positions_px))


def test_patches_are_extracted_as_by_the_core(object_, positions_px):
    indices = flat_indices(positions_px, N_PX, SHAPE)
    expected = extract_patches(object_.astype(np.complex64), positions_px, N_PX)
    np.testing.assert_array_equal(
        as_complex(network_physics.extract_patches(as_pair(object_), indices)), expected
    )


def test_patches_are_placed_as_by_the_core(rng, positions_px):
    patches = rng.normal(size=(12, N_PX, N_PX)) + 1j * rng.normal(size=(12, N_PX, N_PX))
    indices = flat_indices(positions_px, N_PX, SHAPE)
    placed = as_complex(network_physics.place_patches(as_pair(patches), indices, SHAPE))
    np.testing.assert_allclose(placed, place_patches(patches, positions_px, SHAPE), atol=1e-5)


def test_transforms_are_unitary_and_inverse(rng):
    waves = as_pair(rng.normal(size=(3, N_PX, N_PX)) + 1j * rng.normal(size=(3, N_PX, N_PX)))
    spectra = as_complex(far_field(waves))
    np.testing.assert_allclose(spectra, np.fft.fft2(as_complex(waves), norm="ortho"), atol=1e-5)
    np.testing.assert_allclose(
        as_complex(near_field(as_pair(spectra))), as_complex(waves), atol=1e-5
    )


def test_predicted_intensity_is_that_of_the_core_at_positions_that_are_not_integers(
    object_, positions_px, probe
):
    expected = true_intensity(object_, positions_px, probe)
    probes = as_pair(shifted_probes(probe, positions_px)[None])
    indices = flat_indices(positions_px, N_PX, SHAPE)
    waves = predicted_waves(as_pair(object_), probes, indices)
    intensity = np.fft.fftshift(ops.convert_to_numpy(predicted_intensity(waves)), axes=(-2, -1))
    np.testing.assert_allclose(intensity, expected, atol=1e-5 * expected.max())


def test_batch_predicts_the_same_in_the_frame_of_its_canvas(object_, positions_px, probe, rng):
    expected = true_intensity(object_, positions_px, probe)
    counts = draw_counts(expected, rng)
    canvas = canvas_of(positions_px, N_PX)
    exposures = Exposures(
        positions_px, probe[None].astype(np.complex64), GOOD > 0, lambda indices: counts[indices]
    )
    everything = np.arange(len(counts))
    guess = np.zeros(canvas.shape, np.complex64)
    inputs = network_inputs(exposures, everything, canvas, guess)
    window = np.zeros(canvas.shape, complex)
    top, left = canvas.corner_px
    part = object_[top : top + canvas.shape[0], left : left + canvas.shape[1]]
    window[: part.shape[0], : part.shape[1]] = part
    waves = predicted_waves(as_pair(window), probe_of(inputs), inputs["indices"])
    intensity = np.fft.fftshift(ops.convert_to_numpy(predicted_intensity(waves)), axes=(-2, -1))
    np.testing.assert_allclose(intensity, expected, atol=1e-5 * expected.max())
    np.testing.assert_array_equal(np.fft.fftshift(inputs["counts"], axes=(-2, -1)), counts)


def test_projection_step_vanishes_at_the_truth(object_, positions_px, probe):
    counts = np.fft.ifftshift(true_intensity(object_, positions_px, probe), axes=(-2, -1))
    probes = as_pair(shifted_probes(probe, positions_px)[None])
    indices = flat_indices(positions_px, N_PX, SHAPE)
    waves = predicted_waves(as_pair(object_), probes, indices)
    step = projection_sum(waves, counts.astype(np.float32), GOOD, probes, indices, SHAPE)
    assert np.abs(as_complex(step)).max() < 1e-4 * np.abs(probe).max() ** 2


def test_phase_gradient_is_the_ramp_of_the_object_despite_a_curved_probe(probe, rng):
    rows, columns = np.indices(SHAPE)
    modulus = 0.75 + 0.2 * np.sin(rows / 5) * np.cos(columns / 7)
    ramped = modulus * np.exp(1j * (0.03 * rows - 0.05 * columns))
    positions = rng.integers((16, 16), (56, 64), size=(6, 2)).astype(float)
    counts = true_intensity(ramped, positions, 100 * probe)
    probes = shifted_probes(100 * probe, positions)
    without_phase = probe_lags(probes, extract_patches(modulus, positions, N_PX))
    measured = lag_sums(np.fft.ifftshift(counts, axes=(-2, -1)))
    gradients = np.angle(measured * without_phase.conj())
    np.testing.assert_allclose(gradients, np.tile([0.03, -0.05], (6, 1)), atol=2e-3)


def test_integrated_gradient_gives_the_field_back():
    rows, columns = np.indices((48, 64)) * 2 * np.pi / np.array([48, 64])[:, None, None]
    field = np.sin(rows) * np.cos(2 * columns) + 0.5 * np.cos(rows + columns)
    spectral = [
        2 * np.pi / 48 * (np.cos(rows) * np.cos(2 * columns) - 0.5 * np.sin(rows + columns)),
        2 * np.pi / 64 * (-2 * np.sin(rows) * np.sin(2 * columns) - 0.5 * np.sin(rows + columns)),
    ]
    found = integrate_gradient(np.stack(spectral), np.ones(field.shape))
    np.testing.assert_allclose(found, field - field.mean(), atol=1e-10)


def test_poisson_deviance_is_its_formula(rng):
    intensity = rng.uniform(0.05, 20, size=(4, 8, 8))
    counts = rng.poisson(intensity)
    expected = np.mean(
        intensity - counts - counts * np.log(intensity + 0.01) + xlogy(counts, counts)
    )
    good = np.ones((8, 8), np.float32)
    found = poisson_deviance(counts.astype(np.float32), intensity.astype(np.float32), good)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_losses_leave_bad_pixels_out(rng):
    intensity = rng.uniform(0.05, 20, size=(4, 8, 8)).astype(np.float32)
    counts = rng.poisson(intensity).astype(np.float32)
    good = (rng.uniform(size=(8, 8)) < 0.7).astype(np.float32)
    damaged = np.where(good > 0, counts, 1e6).astype(np.float32)
    for distance in PHYSICS_LOSSES.values():
        clean, hot = (float(distance(seen, intensity, good)) for seen in (counts, damaged))
        assert hot == clean
        kept = [float(distance(counts[:, k > 0], intensity[:, k > 0], k[k > 0])) for k in [good]]
        assert clean == pytest.approx(kept[0], rel=1e-5)


def test_both_physics_losses_are_one_half_a_pixel_for_the_truth(rng):
    intensity = rng.uniform(20, 200, size=(64, 16, 16)).astype(np.float32)
    counts = rng.poisson(intensity).astype(np.float32)
    for distance in PHYSICS_LOSSES.values():
        found = float(distance(counts, intensity, np.ones((16, 16), np.float32)))
        assert found == pytest.approx(0.5, rel=0.05)


def test_supervised_loss_is_the_mean_distance_at_the_best_global_phase(rng):
    truth = rng.normal(size=(16, 16)) + 1j * rng.normal(size=(16, 16))
    guess = truth * np.exp(0.7j) + 0.1 * rng.normal(size=(16, 16))
    weight = rng.uniform(size=(16, 16)).astype(np.float32)
    phases = np.linspace(-np.pi, np.pi, 4_001)[:, None, None]
    squares = np.sum(weight * np.abs(guess * np.exp(-1j * phases) - truth) ** 2, axis=(1, 2))
    best = phases[np.argmin(squares)]
    distance = np.sqrt(np.abs(guess * np.exp(-1j * best) - truth) ** 2 + 1e-4) - 0.01
    expected = np.sum(weight * distance) / weight.sum()
    real, imaginary = as_pair(truth)
    inputs = {"truth_real": real, "truth_imaginary": imaginary, "truth_weight": weight}
    found = float(supervised_loss(inputs, Canvases([as_pair(guess)], [])))
    assert found == pytest.approx(expected, rel=1e-3)
    assert float(supervised_loss(inputs, Canvases([as_pair(1j * truth)], []))) < 1e-5


def test_the_truth_is_given_the_ramp_of_the_guess_and_nothing_else(rng):
    rows, columns = np.indices((48, 40))
    truth = (0.75 + 0.2 * np.sin(rows / 3) * np.cos(columns / 4)) * np.exp(0.5j * np.sin(rows / 6))
    ramp = np.exp(1j * (0.02 * rows - 0.03 * columns))
    noise = 0.05 * (rng.normal(size=truth.shape) + 1j * rng.normal(size=truth.shape))
    guess = np.exp(1.2j) * truth * ramp + noise
    found = in_gauge_of(truth, guess, np.ones(truth.shape))
    turns = found / (truth * ramp)
    np.testing.assert_allclose(turns / turns.mean(), 1.0, atol=0.03)
    np.testing.assert_array_equal(in_gauge_of(truth, 0 * guess, np.ones(truth.shape)), truth)


def test_a_pass_over_a_whole_scan_is_that_of_the_networks(object_, positions_px, probe, rng):
    counts = draw_counts(true_intensity(object_, positions_px, probe), rng)
    good = rng.uniform(size=(N_PX, N_PX)) < 0.9
    modes = np.stack([probe, 0.3 * probe.conj()]).astype(np.complex64)
    exposures = Exposures(positions_px, modes, good, lambda indices: counts[indices])
    canvas = canvas_of(positions_px, N_PX)
    guess = rng.normal(size=canvas.shape) + 1j * rng.normal(size=canvas.shape)
    inputs = network_inputs(exposures, np.arange(len(counts)), canvas, guess)
    probes, indices = probe_of(inputs), inputs["indices"]
    waves = predicted_waves(as_pair(guess), probes, indices)
    total = projection_sum(waves, inputs["counts"], inputs["good"], probes, indices, canvas.shape)
    expected = as_complex(total) * inputs["normaliser"]
    physics = PhysicsPass.of(exposures, canvas, chunk_size=5)
    found = physics.step(guess.astype(np.complex64))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(physics.coverage, inputs["coverage"], rtol=1e-4, atol=1e-6)


def test_the_physics_loss_has_the_gradient_of_finite_differences(rng):
    """Over the whole chain: cut, modes, transform, mask and likelihood."""
    positions = rng.uniform((9, 9), (14, 15), size=(3, 2))
    modes = np.stack([3 * defocused_zone_plate_probe(16, 0.5, 0.3, 2.0)] * 2)
    modes[1] *= 0.4j
    shape, good = (24, 24), (rng.uniform(size=(16, 16)) < 0.9).astype(np.float32)
    counts = rng.poisson(2.0, size=(3, 16, 16)).astype(np.float32)
    probes = as_pair(np.stack([shifted_probes(mode, positions) for mode in modes]))
    indices = flat_indices(positions, 16, shape)

    def loss(pair):
        intensity = predicted_intensity(predicted_waves(pair, probes, indices))
        return poisson_deviance(counts, intensity, good)

    point = rng.normal(0.7, 0.2, shape), rng.normal(0.0, 0.2, shape)
    tensors = [tf.Variable(part.astype(np.float32)) for part in point]
    with tf.GradientTape() as tape:
        value = loss(tuple(tensors))
    slopes = [np.asarray(part) for part in tape.gradient(value, tensors)]
    direction = [rng.normal(size=shape) for _ in range(2)]
    analytic = sum(float(np.vdot(a, b)) for a, b in zip(slopes, direction, strict=True))
    ends = [float(loss(as_pair(sum_of(point, direction, step)))) for step in (-0.01, 0.01)]
    assert analytic == pytest.approx((ends[1] - ends[0]) / 0.02, rel=5e-3)


def sum_of(point, direction, step):
    real, imaginary = (a + step * b for a, b in zip(point, direction, strict=True))
    return real + 1j * imaginary
