import numpy as np
import pytest

from tasks.compare.alignment.gauge import Gauge, apply_gauge, fit_gauge, remove_gauge
from tasks.core.objects import ObjectParams, make_object

TRUTH = make_object(ObjectParams(), (200, 220), np.random.default_rng(4))
WEIGHTS = np.zeros(TRUTH.shape)
WEIGHTS[10:-10, 10:-10] = 1.0


def test_a_factor_and_a_ramp_are_removed_exactly():
    gauge = Gauge(1.7 * np.exp(2.5j), (0.31, -0.22), (0.0, 0.0))
    reconstruction = apply_gauge(TRUTH, gauge)
    found = fit_gauge(reconstruction, TRUTH, WEIGHTS)
    assert found.factor == pytest.approx(gauge.factor, rel=1e-9)
    np.testing.assert_allclose(found.ramp_rad_per_px, gauge.ramp_rad_per_px, atol=1e-10)
    np.testing.assert_allclose(remove_gauge(reconstruction, found), TRUTH, atol=1e-7)


def test_a_whole_pixel_shift_has_the_sign_of_the_move():
    found = fit_gauge(np.roll(TRUTH, (1, -1), axis=(0, 1)), TRUTH, WEIGHTS)
    np.testing.assert_allclose(found.shift_px, (1.0, -1.0), atol=0.01)
    assert found.factor == pytest.approx(1.0, abs=1e-3)


def test_noise_does_not_shrink_the_factor():
    rng = np.random.default_rng(0)
    noise = 0.5 * (rng.standard_normal(TRUTH.shape) + 1j * rng.standard_normal(TRUTH.shape))
    assert abs(fit_gauge(TRUTH + noise, TRUTH, WEIGHTS).factor) == pytest.approx(1.0, abs=0.01)


def test_a_longer_shift_than_allowed_is_cut_at_the_bound_and_flagged():
    found = fit_gauge(np.roll(TRUTH, 3, axis=0), TRUTH, WEIGHTS)
    assert found.at_bound
    assert np.hypot(*found.shift_px) == pytest.approx(2.0)
    assert not fit_gauge(np.roll(TRUTH, 1, axis=0), TRUTH, WEIGHTS).at_bound


def test_a_flat_image_has_no_shift_and_says_so():
    found = fit_gauge(np.full(TRUTH.shape, 0.3 - 0.2j), TRUTH, WEIGHTS)
    assert found.shift_px == (0.0, 0.0)
    assert not found.shift_is_determined
    assert not found.at_bound


def test_pixels_without_weight_may_hold_anything():
    broken = TRUTH.copy()
    broken[:10], broken[-10:] = np.nan, 1e6
    found = fit_gauge(broken, TRUTH, WEIGHTS)
    assert found.factor == pytest.approx(1.0, abs=1e-9)
    shifted = Gauge(shift_px=(0.01, 0.0))
    aligned = remove_gauge(broken, shifted, WEIGHTS > 0)
    np.testing.assert_allclose(aligned[20:-20, 20:-20], TRUTH[20:-20, 20:-20], atol=0.02)


def test_what_cannot_be_aligned_is_refused():
    with pytest.raises(ValueError, match="best factor is 0"):
        fit_gauge(np.zeros_like(TRUTH), TRUTH, WEIGHTS)
    with pytest.raises(ValueError, match="must share one 2-D shape"):
        fit_gauge(TRUTH[:-1], TRUTH, WEIGHTS)
    with pytest.raises(ValueError, match="positive somewhere"):
        fit_gauge(TRUTH, TRUTH, np.zeros(TRUTH.shape))
    broken = TRUTH.copy()
    broken[50, 50] = np.inf
    with pytest.raises(ValueError, match="1 weighted pixels of the reconstruction"):
        fit_gauge(broken, TRUTH, WEIGHTS)
    with pytest.raises(ValueError, match="truth must be finite"):
        fit_gauge(TRUTH, broken, WEIGHTS)


def test_a_shift_of_zero_changes_nothing():
    np.testing.assert_array_equal(apply_gauge(TRUTH, Gauge()), TRUTH)
