import numpy as np
import pytest

from tasks.reconstruct.total_variation import smooth_by_total_variation


def test_a_step_loses_height_and_keeps_its_place():
    image = np.zeros((6, 8), dtype=complex)
    image[:, 4:] = 1j
    smoothed = smooth_by_total_variation(image, 0.5, iterations=2000)
    # Each half, 4 px wide, moves by weight / 4 towards the other: the closed form in 1-D.
    np.testing.assert_allclose(smoothed[:, :4], 0.125j, atol=1e-3)
    np.testing.assert_allclose(smoothed[:, 4:], 0.875j, atol=1e-3)


def test_noise_is_reduced_and_single_precision_stays_single():
    rng = np.random.default_rng(0)
    noise = (rng.normal(size=(32, 32)) + 1j * rng.normal(size=(32, 32))).astype(np.complex64)
    smoothed = smooth_by_total_variation(1 + 0.1 * noise, 0.1)
    assert smoothed.dtype == np.complex64
    assert smoothed.std() < 0.5 * (0.1 * noise).std()


def test_weight_zero_returns_a_copy():
    image = np.ones((4, 4), dtype=complex)
    smoothed = smooth_by_total_variation(image, 0)
    assert smoothed is not image
    np.testing.assert_array_equal(smoothed, image)


@pytest.mark.parametrize("weight", [-0.1, np.nan, np.inf])
def test_a_weight_that_is_no_strength_is_refused(weight):
    with pytest.raises(ValueError, match="finite weight of 0 or more"):
        smooth_by_total_variation(np.ones((4, 4), dtype=complex), weight)
