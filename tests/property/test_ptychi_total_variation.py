"""Laws of the total variation and of its proximal map."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tasks.reconstruct.total_variation import (
    _adjoint,
    _differences,
    smooth_by_total_variation,
)

_parts = st.floats(-2, 2, allow_nan=False, width=32)
_shapes = st.tuples(st.integers(2, 9), st.integers(2, 9))


@st.composite
def complex_images(draw):
    shape = draw(_shapes)
    real, imaginary = (draw(arrays.arrays(np.float64, shape, elements=_parts)) for _ in range(2))
    return real + 1j * imaginary


def differences(image):
    result = np.empty((2, *image.shape), dtype=image.dtype)
    _differences(image, result)
    return result


def penalised_distance(candidate, image, weight):
    variation = np.sqrt(np.sum(np.abs(differences(candidate)) ** 2, axis=0)).sum()
    return 0.5 * np.sum(np.abs(candidate - image) ** 2) + weight * variation


@given(image=complex_images(), seed=st.integers(0, 99))
def test_differences_and_their_adjoint_agree_on_every_inner_product(image, seed):
    rng = np.random.default_rng(seed)
    field = rng.normal(size=(2, *image.shape)) + 1j * rng.normal(size=(2, *image.shape))
    adjoint = np.empty_like(image)
    _adjoint(field, adjoint)
    left, right = np.vdot(field, differences(image)), np.vdot(adjoint, image)
    np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)


@given(image=complex_images(), weight=st.floats(0, 1), angle=st.floats(-3, 3))
def test_a_global_phase_passes_through(image, weight, angle):
    turned = smooth_by_total_variation(image * np.exp(1j * angle), weight)
    np.testing.assert_allclose(
        turned, smooth_by_total_variation(image, weight) * np.exp(1j * angle), atol=1e-9
    )


@given(image=complex_images(), weight=st.floats(0, 1))
def test_the_mean_is_kept(image, weight):
    smoothed = smooth_by_total_variation(image, weight)
    np.testing.assert_allclose(smoothed.mean(), image.mean(), atol=1e-10)


@given(level=_parts, weight=st.floats(0, 1))
def test_a_flat_image_is_left_alone(level, weight):
    image = np.full((5, 4), level + 1j)
    np.testing.assert_allclose(smooth_by_total_variation(image, weight), image, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(image=complex_images(), weight=st.floats(0.01, 0.5), seed=st.integers(0, 99))
def test_no_neighbour_of_the_converged_result_is_better(image, weight, seed):
    smoothed = smooth_by_total_variation(image, weight, iterations=400)
    rng = np.random.default_rng(seed)
    best = penalised_distance(smoothed, image, weight)
    for size in (1e-3, 1e-2, 1e-1):
        other = smoothed + size * (rng.normal(size=image.shape) + 1j * rng.normal(size=image.shape))
        assert penalised_distance(other, image, weight) >= best - 1e-4
