"""The architectures: they learn, obey the physics, and refuse what does not suit them."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from pydantic import TypeAdapter, ValidationError

from tasks.core.geometry.groups import nearest_neighbours
from tasks.core.geometry.patches import Window, extract_patches, place_patches, shifted_probes
from tasks.core.physics.forward import diffraction_intensity
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.device import Device
from tasks.networks.architectures import (
    ARCHITECTURES,
    AnyArchitecture,
    Choice,
    ClassicArchitecture,
    PatchArchitecture,
    UnrolledArchitecture,
    by_name,
)
from tasks.networks.architectures.base import Canvases
from tasks.networks.architectures.classic import nearest_in_batch
from tasks.networks.architectures.stitching import weighted_mean
from tasks.networks.batches import as_pair, canvas_of, flat_indices, network_inputs
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.physics import predicted_intensity, predicted_waves
from tasks.train.losses import physics_loss
from tasks.train.params import TrainingParams, learning_rate
from tasks.train.trainer import Trainer

use_device(Device.CPU)
N_PX = 32
PROBE = 60 * defocused_zone_plate_probe(N_PX, 0.4, 0.3, 4.0)
GEOMETRY = InputGeometry.of(PROBE)
STITCHED = {
    "patch": PatchArchitecture(channels=(24, 32)),
    "classic": ClassicArchitecture(channels=(16, 32)),
    "classic of four": ClassicArchitecture(channels=(16, 32), gridsize=2),
}


@cache
def eight_exposures():
    """Return eight neighbouring exposures of a smooth object, and the object."""
    rng = np.random.default_rng(8)
    rows, columns = np.indices((64, 80))
    modulus = 0.75 + 0.2 * np.sin(rows / 5) * np.cos(columns / 7)
    object_ = modulus * np.exp(0.6j * np.sin(columns / 6 + rows / 9))
    steps = np.stack(np.meshgrid([24, 31], [24, 32, 40, 48], indexing="ij"), axis=-1)
    positions = steps.reshape(-1, 2) + rng.uniform(-1, 1, size=(8, 2))
    patches = extract_patches(object_, positions, N_PX)
    counts = rng.poisson(diffraction_intensity(patches, shifted_probes(PROBE, positions)))
    exposures = Exposures(
        positions_px=positions,
        probe_modes=PROBE[None].astype(np.complex64),
        good_pixels=np.ones((N_PX, N_PX), dtype=bool),
        read=lambda indices: counts[indices].astype(np.uint16),
    )
    return exposures, object_


def training_batch():
    exposures, _ = eight_exposures()
    everything = np.arange(len(exposures))
    canvas = canvas_of(exposures.positions_px, N_PX)
    start = np.zeros(canvas.shape, dtype=np.complex64)
    inputs = network_inputs(exposures, everything, canvas, start)
    return inputs | {
        "target_counts": inputs["counts"],
        "target_scale": np.ones(1, dtype=np.float32),
    }


def loss_of(object_):
    inputs, (exposures, _) = training_batch(), eight_exposures()
    canvas = canvas_of(exposures.positions_px, N_PX)
    top, left = canvas.corner_px
    window = object_[top : top + canvas.shape[0], left : left + canvas.shape[1]]
    assert window.shape == canvas.shape
    probe = inputs["probe_real"], inputs["probe_imaginary"]
    waves = predicted_waves(as_pair(window), probe, inputs["indices"])
    return float(physics_loss(inputs, Canvases([], [predicted_intensity(waves)])))


@pytest.mark.slow
@pytest.mark.parametrize("name", STITCHED)
def test_eight_patterns_can_be_learned_by_heart(name):
    _, object_ = eight_exposures()
    floor, flat = loss_of(object_), loss_of(np.full_like(object_, 0.75))
    params = TrainingParams(n_steps=300, learning_rate=3e-3)
    network = CanvasNetwork(STITCHED[name], GEOMETRY, seed=1)
    trainer = Trainer.of(network, physics_loss, params)
    rates = [learning_rate(params, step / 300) for step in range(300)]
    losses = [trainer.train_step(training_batch(), rate) for rate in rates]
    assert losses[0] > floor + 0.5 * (flat - floor)
    assert min(losses[-10:]) < floor + 0.1 * (flat - floor)


def numpy_loss(patches, weights, positions, probes, counts):
    """Return the Poisson deviance of a group's weighted mean, in double precision."""
    shape = (64, 80)
    total = place_patches(weights * patches, positions, shape)
    canvas = total / np.maximum(place_patches(weights, positions, shape), 1e-9)
    waves = probes * extract_patches(canvas, positions, N_PX)
    intensity = np.abs(np.fft.fft2(waves, norm="ortho")) ** 2
    logarithm = np.log(intensity + 0.01) - np.log(np.maximum(counts, 1e-12))
    return np.mean(intensity - counts - counts * logarithm)


def test_gradient_of_the_physics_is_that_of_finite_differences():
    exposures, object_ = eight_exposures()
    inputs, rng = training_batch(), np.random.default_rng(1)
    positions, counts = exposures.positions_px, inputs["counts"].astype(float)
    probes = shifted_probes(PROBE, positions)
    weights = np.abs(probes) ** 2 / np.abs(probes).max() ** 2
    patches = extract_patches(object_, positions, N_PX)
    patches = patches + 0.2 * (rng.normal(size=patches.shape) + 1j * rng.normal(size=patches.shape))
    indices, probe = flat_indices(positions, N_PX, (64, 80)), as_pair(probes[None])
    variables = [tf.Variable(part) for part in as_pair(patches)]
    with tf.GradientTape() as tape:
        canvas = weighted_mean(tuple(variables), weights.astype(np.float32), indices, (64, 80))
        intensity = predicted_intensity(predicted_waves(canvas, probe, indices))
        loss = physics_loss(inputs, Canvases([canvas], [intensity]))
    real, imaginary = (np.asarray(part, dtype=float) for part in tape.gradient(loss, variables))
    assert float(loss) == pytest.approx(
        numpy_loss(patches, weights, positions, probes, counts), rel=1e-5
    )
    for _ in range(5):
        way = rng.normal(size=patches.shape) + 1j * rng.normal(size=patches.shape)
        ahead, behind = (
            numpy_loss(patches + step * way, weights, positions, probes, counts)
            for step in (1e-5, -1e-5)
        )
        slope = np.sum(real * way.real + imaginary * way.imag)
        assert slope == pytest.approx((ahead - behind) / 2e-5, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", STITCHED)
def test_the_dose_does_not_change_what_the_network_sees(name):
    exposures, _ = eight_exposures()
    brighter = Exposures(
        exposures.positions_px,
        2 * exposures.probe_modes,
        exposures.good_pixels,
        lambda indices: 4 * exposures.read(indices),
    )
    network = CanvasNetwork(STITCHED[name], GEOMETRY, seed=1)
    canvas = canvas_of(exposures.positions_px, N_PX)
    start = np.zeros(canvas.shape, dtype=np.complex64)
    dim, bright = (
        network.predict_canvas(scan, canvas, start, 8, lambda _: None)
        for scan in (exposures, brighter)
    )
    np.testing.assert_allclose(bright, dim, atol=1e-4)


@pytest.mark.parametrize("name", ["patch", "classic"])
def test_a_batch_and_a_scan_of_the_same_patterns_give_one_object(name):
    exposures, _ = eight_exposures()
    network = CanvasNetwork(STITCHED[name], GEOMETRY, seed=1)
    canvas = canvas_of(exposures.positions_px, N_PX)
    inputs = {key: ops.convert_to_tensor(array) for key, array in training_batch().items()}
    real, imaginary = network(inputs).objects[-1]
    start = np.zeros(canvas.shape, dtype=np.complex64)
    scan = network.predict_canvas(exposures, canvas, start, 3, lambda _: None)
    np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imaginary), scan, atol=1e-4)


@pytest.mark.parametrize("name", STITCHED)
def test_patterns_of_another_size_are_refused(name):
    exposures, _ = eight_exposures()
    network = CanvasNetwork(STITCHED[name], InputGeometry(n_px=64, dark_rim_px=8), seed=1)
    inputs = {key: ops.convert_to_tensor(array) for key, array in training_batch().items()}
    with pytest.raises(ValueError, match=r"64 px, got patterns of 32 px.*crop or pad them to 64"):
        network(inputs)
    canvas = Window((0, 0), (80, 80))
    with pytest.raises(ValueError, match=r"64 px, got patterns of 32 px.*crop or pad them to 64"):
        network.predict_canvas(exposures, canvas, np.zeros((80, 80)), 8, lambda _: None)


@pytest.mark.parametrize("kind", ["patch", "classic"])
def test_a_size_that_cannot_be_halved_is_refused(kind):
    architecture = TypeAdapter(AnyArchitecture).validate_python({"kind": kind})
    with pytest.raises(ValueError, match=r"36 is no multiple of 8.*fewer levels"):
        CanvasNetwork(architecture, InputGeometry(n_px=36), seed=1)


def test_groups_of_a_batch_are_the_nearest_neighbours():
    rng = np.random.default_rng(3)
    positions = rng.permutation(64 * 80)[:20]
    rows_columns = np.stack(np.unravel_index(positions, (64, 80)), axis=1).astype(float)
    found = np.asarray(nearest_in_batch(ops.convert_to_tensor(positions), 80, 4))
    expected = nearest_neighbours(rows_columns, np.arange(20), 3)
    np.testing.assert_array_equal(found[:, 0], np.arange(20))

    def distances(neighbours):
        apart = rows_columns[neighbours] - rows_columns[:, None]
        return np.linalg.norm(apart, axis=-1)

    np.testing.assert_allclose(distances(found[:, 1:]), distances(expected))


def test_a_scan_smaller_than_a_group_of_four_is_refused():
    exposures, _ = eight_exposures()
    network = CanvasNetwork(STITCHED["classic of four"], GEOMETRY, seed=1)
    with pytest.raises(ValueError, match="scan more positions"):
        network.architecture.groups_of_scan(exposures.positions_px[:3])


def test_an_architecture_is_known_by_its_kind():
    adapter = TypeAdapter(AnyArchitecture)
    with pytest.raises(ValidationError, match="'unrolled', 'patch', 'classic'"):
        adapter.validate_python({"kind": "transformer"})
    with pytest.raises(ValidationError, match="Input should be 1 or 2"):
        adapter.validate_python({"kind": "classic", "gridsize": 3})


class OtherPatchArchitecture(PatchArchitecture):
    """Another class of the kind `patch`."""


TAKEN = {
    "name": Choice("a", UnrolledArchitecture(passes=3), "of a name that is taken"),
    "kind": Choice("c", OtherPatchArchitecture(), "of a kind that is taken"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_name_or_a_kind_that_is_taken_is_refused_when_the_catalogue_is_made(what):
    choices = Choice("a", UnrolledArchitecture(), ""), Choice("b", PatchArchitecture(), "")
    with pytest.raises(ValueError, match=r"of another\. Give it its own in tasks\.networks"):
        by_name(*choices, TAKEN[what])


def test_every_choice_can_be_built_and_is_known_again_by_its_record():
    for name, choice in ARCHITECTURES.items():
        network = CanvasNetwork(choice.sizes, InputGeometry(n_px=64), seed=1)
        assert (choice.name, network.name) == (name, choice.sizes.kind)
        content = choice.sizes.model_dump(mode="json")
        assert TypeAdapter(AnyArchitecture).validate_python(content) == choice.sizes


@pytest.mark.parametrize("name", STITCHED)
def test_names_of_weights_and_their_values_follow_from_the_seed(name):
    first, again, other = (CanvasNetwork(STITCHED[name], GEOMETRY, seed) for seed in (1, 1, 2))
    names = [weight.path for weight in first.weights]
    assert names == [weight.path for weight in again.weights]
    assert len(set(names)) == len(names)
    for ours, theirs in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert np.any(first.get_weights()[0] != other.get_weights()[0])
