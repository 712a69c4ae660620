"""Laws that the networks' physics and data keep."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.device import Device
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.architectures.unet import fold, unfold
from tasks.networks.batches import as_pair, canvas_of, flat_indices
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.physics import extract_patches, place_patches
from tasks.reconstruct.network_stage import predict_object
from tasks.train.grouped_scan import GroupedScan, neighbour_groups
from tasks.train.photon_thinning import PhotonThinning, thin_counts

use_device(Device.CPU)
N_PX = 16
seeds = st.integers(0, 2**32 - 1)


def random_scan(rng, n_patterns=10):
    probe = 20 * defocused_zone_plate_probe(N_PX, 0.6, 0.0, 0.0)
    counts = rng.poisson(1.5, size=(n_patterns, N_PX, N_PX)).astype(np.uint16)
    positions = rng.uniform(50, 70, size=(n_patterns, 2))
    return Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {})


def reordered(scan, order):
    return replace(
        scan,
        diffraction_counts=scan.diffraction_counts[order],
        positions_px=scan.positions_px[order],
    )


def awake_network(seed=0):
    """Return a small network whose learned part speaks loudly."""
    network = CanvasNetwork(
        UnrolledArchitecture(passes=2, channels=(4, 4)), InputGeometry(n_px=N_PX), seed
    )
    last = network.unet.layers[-1]
    last.set_weights([10 * weight for weight in last.get_weights()])
    return network


@settings(deadline=None, max_examples=25)
@given(seed=seeds)
def test_extracting_and_placing_patches_are_adjoint(seed):
    rng = np.random.default_rng(seed)
    shape, n_patterns = (40, 56), int(rng.integers(1, 6))
    indices = flat_indices(rng.uniform(9, (31, 47), size=(n_patterns, 2)), N_PX, shape)
    canvas = as_pair(rng.normal(size=shape) + 1j * rng.normal(size=shape))
    patches = as_pair(
        rng.normal(size=(n_patterns, N_PX, N_PX)) + 1j * rng.normal(size=(n_patterns, N_PX, N_PX))
    )
    cuts, placed = extract_patches(canvas, indices), place_patches(patches, indices, shape)
    for part in range(2):
        left = np.vdot(ops.convert_to_numpy(cuts[part]).astype(float), patches[part])
        right = np.vdot(canvas[part].astype(float), ops.convert_to_numpy(placed[part]))
        assert left == pytest.approx(right, rel=1e-4, abs=1e-3)


@settings(deadline=None, max_examples=5)
@given(seed=seeds, chunk_size=st.integers(1, 12))
def test_prediction_depends_neither_on_the_order_nor_on_the_chunks(seed, chunk_size):
    rng = np.random.default_rng(seed)
    scan, network = random_scan(rng), awake_network()
    whole = predict_object(network, Exposures.of(scan), chunk_size=64)
    shuffled = Exposures.of(reordered(scan, rng.permutation(len(scan))))
    other = predict_object(network, shuffled, chunk_size)
    assert other.origin_px == whole.origin_px
    # Counts that no object explains make the sweeps amplify the order of the sums.
    scale = np.abs(whole.object_).max()
    np.testing.assert_allclose(other.object_, whole.object_, atol=2e-3 * scale)


@settings(deadline=None, max_examples=5)
@given(seed=seeds, dy=st.integers(-20, 20), dx=st.integers(-20, 20))
def test_moving_the_scan_by_whole_pixels_moves_the_object(seed, dy, dx):
    scan, network = random_scan(np.random.default_rng(seed)), awake_network()
    moved = replace(scan, positions_px=scan.positions_px + np.array([dy, dx]))
    here, there = (predict_object(network, Exposures.of(s), 64) for s in (scan, moved))
    assert there.origin_px == (here.origin_px[0] + dy, here.origin_px[1] + dx)
    np.testing.assert_allclose(there.object_, here.object_, atol=2e-4)


@given(seed=seeds, height=st.integers(1, 6), width=st.integers(1, 6))
@settings(deadline=None, max_examples=20)
def test_unfold_undoes_fold(seed, height, width):
    image = np.random.default_rng(seed).normal(size=(1, 2 * height, 2 * width, 3))
    image = ops.convert_to_tensor(image.astype(np.float32))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(unfold(fold(image))), ops.convert_to_numpy(image)
    )


@given(seed=seeds, fraction=st.floats(0.05, 0.95))
def test_thinning_invents_no_photon(seed, fraction):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(3.0, size=(4, 8, 8)).astype(np.uint16)
    seen = thin_counts(counts, fraction, rng)
    assert np.all((seen >= 0) & (seen <= counts))


@given(seed=seeds, group_size=st.integers(4, 20))
def test_groups_have_equal_numbers_and_no_pattern_twice(seed, group_size):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 100, size=(40, 2))
    groups = neighbour_groups(positions, group_size)
    assert groups.shape == (40, group_size)
    assert np.all(np.diff(groups, axis=1) > 0)


@given(side=st.integers(5, 9))
def test_groups_of_a_raster_are_compact_up_to_its_corners(side):
    positions = 10.0 * np.stack(np.mgrid[:side, :side], axis=-1).reshape(-1, 2)
    for group in neighbour_groups(positions, 9):
        assert np.ptp(positions[group], axis=0).max() <= 30


@settings(max_examples=10)
@given(seed=seeds, n_patterns=st.integers(4, 9))
def test_every_group_comes_once_before_any_comes_again(seed, n_patterns):
    scan = random_scan(np.random.default_rng(seed), n_patterns)
    grouped = GroupedScan.of(PhotonThinning(Exposures.of(scan), 1.0, None, seed), 4, seed)
    for epoch in range(3):
        numbers = range(epoch * n_patterns, (epoch + 1) * n_patterns)
        seen = sorted(tuple(grouped.group(number)[0]) for number in numbers)
        assert seen == sorted(tuple(group) for group in grouped.groups)


@given(seed=seeds, n_px=st.sampled_from([8, 16, 32]))
def test_a_canvas_holds_every_patch_and_suits_the_network(seed, n_px):
    positions = np.random.default_rng(seed).uniform(-50, 200, size=(7, 2))
    canvas = canvas_of(positions, n_px)
    assert all(side % 8 == 0 for side in canvas.shape)
    flat_indices(canvas.inside(positions), n_px, canvas.shape)
