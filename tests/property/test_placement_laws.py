"""Laws of placement: orientations are a group, and factor and ramp do not move what is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.compare.placement.neighbours import neighbour_products, turned_products
from tasks.compare.placement.orientation import ORIENTATIONS, Orientation
from tasks.compare.placement.pose import ObjectFeatures
from tasks.compare.placement.resampling import resampled
from tasks.compare.placement.search import coarse_poses
from tasks.core.objects import ObjectParams, make_object

orientations = st.sampled_from(ORIENTATIONS)
SAMPLE = make_object(ObjectParams(), (72, 64), np.random.default_rng(3)).astype(np.complex128)
ROWS, COLUMNS = np.indices(SAMPLE.shape)


@given(orientations, orientations)
def test_orientations_compose(first, second):
    image = SAMPLE[:5, :7]
    np.testing.assert_array_equal(second.apply(first.apply(image)), first.then(second).apply(image))


@given(orientations)
def test_an_inverse_undoes_an_orientation(one):
    image = SAMPLE[:5, :7]
    np.testing.assert_array_equal(one.inverse.apply(one.apply(image)), image)
    assert one.then(one.inverse) == Orientation()
    assert one.inverse.then(one) == Orientation()


def test_there_are_sixteen_orientations_of_which_the_first_changes_nothing():
    image = SAMPLE[:5, :6]
    assert len({one.apply(image).tobytes() for one in ORIENTATIONS}) == 16
    assert ORIENTATIONS[0].text == "as it is"
    np.testing.assert_array_equal(ORIENTATIONS[0].apply(image), image)


@given(st.floats(0.1, 10), st.floats(-3, 3), st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)))
@settings(max_examples=20)
def test_neighbour_products_know_neither_factor_nor_ramp(modulus, phase, ramp):
    factor = modulus * np.exp(1j * (phase + ramp[0] * ROWS + ramp[1] * COLUMNS))
    products, found = neighbour_products(SAMPLE)
    ramped, moved = neighbour_products(factor * SAMPLE)
    np.testing.assert_allclose(ramped, modulus**2 * products, atol=2e-5 * modulus**2)
    np.testing.assert_allclose(np.exp(1j * (moved - found)), np.exp(1j * np.array(ramp)), atol=1e-4)


@given(orientations)
def test_turned_products_are_those_of_the_turned_object(one):
    products = turned_products(neighbour_products(SAMPLE)[0], one)
    expected = neighbour_products(one.apply(SAMPLE))[0]
    # Where an axis is reversed the field lies a pixel further: up to that they correlate by 1.
    best = max(
        np.vdot(np.roll(products[0], shift, axis=0), expected[0]).real for shift in (-1, 0, 1)
    )
    assert best == pytest.approx(np.vdot(expected[0], expected[0]).real, rel=0.05)


@given(orientations, st.floats(0.2, 5), st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
@settings(max_examples=15)
def test_the_coarse_search_undoes_any_orientation_factor_and_ramp(one, modulus, ramp):
    factor = modulus * np.exp(1j * (ramp[0] * ROWS + ramp[1] * COLUMNS))
    best = coarse_poses(ObjectFeatures(SAMPLE), ObjectFeatures(one.apply(factor * SAMPLE)), (1.0,))[
        0
    ]
    assert best.orientation == one.inverse
    assert np.abs(best.origin).max() <= 1


def test_the_identity_is_found_at_once():
    best, following, *_ = coarse_poses(ObjectFeatures(SAMPLE), ObjectFeatures(SAMPLE), (1.0,))
    assert (best.orientation, best.origin) == (Orientation(), (0.0, 0.0))
    assert best.correlation == pytest.approx(1, abs=1e-5)
    assert following.correlation < 0.9


@given(st.floats(0.6, 1.6), st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)))
@settings(max_examples=20)
def test_resampling_is_exact_for_waves_that_the_pixels_hold(scale, origin):
    rows, columns = np.indices((60, 50))
    wave = np.exp(2j * np.pi * (0.04 * rows - 0.06 * columns))
    window = resampled(wave, scale, origin, np.zeros(2))
    height, width = window.object_.shape
    at = [
        (np.arange(n) + first - start) / scale
        for n, first, start in zip((height, width), window.origin_px, origin, strict=True)
    ]
    expected = np.exp(2j * np.pi * np.add.outer(0.04 * at[0], -0.06 * at[1]))
    inner = (slice(height // 4, -height // 4), slice(width // 4, -width // 4))
    np.testing.assert_allclose(window.object_[inner], expected[inner], atol=0.02)
