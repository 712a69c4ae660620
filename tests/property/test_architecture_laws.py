"""Laws that every architecture keeps, whatever its weights are."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.geometry.patches import extract_patches
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.device import Device
from tasks.networks.architectures import (
    ClassicArchitecture,
    PatchArchitecture,
    UnrolledArchitecture,
)
from tasks.networks.architectures.stitching import lit_part, weighted_mean
from tasks.networks.batches import as_pair, canvas_of, flat_indices
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry

use_device(Device.CPU)
N_PX = 32
ARCHITECTURES = {
    "unrolled": UnrolledArchitecture(passes=2, channels=(4, 4)),
    "patch": PatchArchitecture(channels=(4, 4)),
    "classic": ClassicArchitecture(channels=(4, 4)),
    "classic of four": ClassicArchitecture(channels=(4, 4), gridsize=2),
}
seeds = st.integers(0, 2**32 - 1)
of_every_kind = pytest.mark.parametrize("name", ARCHITECTURES)


def random_exposures(rng, n_patterns=13):
    counts = rng.poisson(3.0, size=(n_patterns, N_PX, N_PX)).astype(np.uint16)
    probe = 40 * defocused_zone_plate_probe(N_PX, 0.4, 0.3, 4.0)
    return Exposures(
        positions_px=rng.uniform(20, 60, size=(n_patterns, 2)),
        probe_modes=probe[None].astype(np.complex64),
        good_pixels=rng.uniform(size=(N_PX, N_PX)) < 0.99,
        read=lambda indices: counts[indices],
    )


def reordered(exposures, order):
    return replace(
        exposures,
        positions_px=exposures.positions_px[order],
        read=lambda indices: exposures.read(order[indices]),
    )


@cache
def network_of(name, optics):
    return CanvasNetwork(ARCHITECTURES[name], optics, seed=3)


def predict(name, exposures, chunk_size=64):
    network = network_of(name, InputGeometry.of(exposures.probe_modes))
    canvas = canvas_of(exposures.positions_px, N_PX)
    start = np.full(canvas.shape, 0.75, dtype=np.complex64)
    passes = []
    object_ = network.predict_canvas(exposures, canvas, start, chunk_size, passes.append)
    assert passes == list(range(1, network.passes + 1))
    return canvas, object_


@of_every_kind
@settings(deadline=None, max_examples=3)
@given(seed=seeds, chunk_size=st.integers(1, 12))
def test_prediction_depends_neither_on_the_order_nor_on_the_chunks(name, seed, chunk_size):
    rng = np.random.default_rng(seed)
    exposures = random_exposures(rng)
    canvas, whole = predict(name, exposures)
    other = predict(name, reordered(exposures, rng.permutation(len(exposures))), chunk_size)
    assert other[0] == canvas
    np.testing.assert_allclose(other[1], whole, atol=2e-4)


@of_every_kind
@settings(deadline=None, max_examples=3)
@given(seed=seeds, dy=st.integers(-20, 20), dx=st.integers(-20, 20))
def test_moving_the_scan_by_whole_pixels_moves_the_object(name, seed, dy, dx):
    exposures = random_exposures(np.random.default_rng(seed))
    moved = replace(exposures, positions_px=exposures.positions_px + np.array([dy, dx]))
    (here, object_), (there, same) = predict(name, exposures), predict(name, moved)
    assert there.corner_px == (here.corner_px[0] + dy, here.corner_px[1] + dx)
    np.testing.assert_allclose(same, object_, atol=2e-4)


@of_every_kind
@settings(deadline=None, max_examples=3)
@given(seed=seeds)
def test_a_masked_pixel_changes_nothing_however_hot_it_is(name, seed):
    rng = np.random.default_rng(seed)
    cold = random_exposures(rng)
    bad = ~cold.good_pixels

    def read_hot(indices):
        return np.where(bad, 60_000, cold.read(indices)).astype(np.uint16)

    _, expected = predict(name, cold)
    np.testing.assert_array_equal(predict(name, replace(cold, read=read_hot))[1], expected)


@of_every_kind
@settings(deadline=None, max_examples=3)
@given(seed=seeds, share=st.floats(0.1, 0.9))
def test_a_mode_split_in_two_of_one_shape_is_still_one_mode(name, seed, share):
    one = random_exposures(np.random.default_rng(seed))
    weights = np.sqrt([share, 1 - share])[:, None, None]
    two = replace(one, probe_modes=(weights * one.probe_modes).astype(np.complex64))
    (_, expected), (_, found) = predict(name, one), predict(name, two)
    np.testing.assert_allclose(found, expected, atol=2e-4)


@of_every_kind
@settings(deadline=None, max_examples=3)
@given(seed=seeds)
def test_a_pattern_without_photons_does_no_harm(name, seed):
    exposures = random_exposures(np.random.default_rng(seed))
    dark = replace(exposures, read=lambda indices: 0 * exposures.read(indices))
    assert np.all(np.isfinite(predict(name, dark)[1]))


@settings(deadline=None, max_examples=3)
@given(seed=seeds)
def test_patches_of_one_object_give_it_back_where_there_is_light(seed):
    rng = np.random.default_rng(seed)
    shape, rim = (72, 80), 4
    object_ = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
    positions = rng.integers((16, 16), (56, 64), size=(9, 2)).astype(float)
    indices = lit_part(flat_indices(positions, N_PX, shape), rim)
    weights = rng.uniform(0.01, 1, size=indices.shape).astype(np.float32)
    patches = as_pair(lit_part(extract_patches(object_, positions, N_PX), rim))
    real, imaginary = weighted_mean(patches, weights, indices, shape)
    lit = np.zeros(shape, dtype=bool)
    lit.ravel()[indices] = True
    found = np.asarray(real) + 1j * np.asarray(imaginary)
    np.testing.assert_allclose(found, np.where(lit, object_, 0), atol=1e-5)
