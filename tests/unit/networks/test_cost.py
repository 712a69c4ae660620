"""Cost of networks against numbers computed by hand."""

import keras
import pytest
from keras import layers

from tasks.networks.architectures import (
    ClassicArchitecture,
    PatchArchitecture,
    UnrolledArchitecture,
)
from tasks.networks.canvas_network import CanvasNetwork, cost_of, model_flops, transform_flops
from tasks.networks.exposures import InputGeometry

GEOMETRY = InputGeometry(n_px=32, dark_rim_px=4)


def test_layers_are_counted_by_their_kernels():
    inputs = keras.Input((None, None, 3))
    image = layers.Conv2D(5, 3, padding="same", name="convolution")(inputs)
    image = layers.MaxPooling2D(2, name="pool")(image)
    image = layers.Conv2DTranspose(7, 2, strides=2, name="spread")(image)
    outputs = layers.Dense(4, name="matrix")(image)
    model = keras.Model(inputs, outputs)
    convolution = 2 * (2 * 8 * 6) * 3 * 3 * 3 * 5
    spread = 2 * (2 * 4 * 3) * 2 * 2 * 5 * 7
    matrix = 2 * (2 * 8 * 6) * 7 * 4
    assert model_flops(model, (2, 8, 6, 3)) == convolution + spread + matrix


def test_a_transform_of_64_px_takes_a_quarter_of_a_million_operations():
    assert transform_flops(64) == 5 * 4096 * 12


def test_the_patch_network_by_hand():
    network = CanvasNetwork(PatchArchitecture(channels=(2, 3)), GEOMETRY, seed=1)
    fine = 16 * 2 + 2 * 2 + (3 + 2) * 2 + 2 * 2 + 2 * 8
    coarse = 2 * 3 + 3 * 3
    convolutions = 2 * 9 * 8 * (12 * 12 * fine + 6 * 6 * coarse)
    cost = cost_of(network, n_patterns=8, canvas_shape=(64, 64), n_modes=2)
    assert cost.forward_flops == convolutions + 2 * 3 * 8 * transform_flops(32)
    assert cost.step_flops == 3 * cost.forward_flops
    biases = 2 + 2 + 3 + 3 + 2 + 2 + 8
    assert cost.n_parameters == 9 * (fine + coarse) + biases


def test_the_classic_network_by_hand():
    network = CanvasNetwork(ClassicArchitecture(channels=(2, 3), gridsize=2), GEOMETRY, seed=1)
    encoder = 32**2 * (4 * 2 + 2 * 2) + 16**2 * (2 * 3 + 3 * 3)
    decoder = 8**2 * (3 * 3 + 3 * 3) + 16**2 * (3 * 2 + 2 * 2) + 24**2 * 2 * 4
    cost = cost_of(network, n_patterns=8, canvas_shape=(64, 64))
    expected = 2 * 9 * 8 * (encoder + 2 * decoder) + 8 * transform_flops(32)
    assert cost.forward_flops == expected


def test_the_unrolled_network_costs_a_u_net_and_two_transforms_a_pass():
    costs = [
        cost_of(CanvasNetwork(UnrolledArchitecture(passes=n), GEOMETRY, 1), 8, (64, 64))
        for n in (1, 2, 3)
    ]
    one, two, three = (cost.forward_flops for cost in costs)
    assert three - two == two - one
    assert two - one == pytest.approx(one - 8 * transform_flops(32))
    assert costs[2].n_parameters - costs[1].n_parameters == 1
