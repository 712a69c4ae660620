"""Laws of the gauge and of the metrics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.compare.gauge import Gauge, apply_gauge, fit_gauge, remove_gauge
from tasks.compare.metrics import complex_nrmse, mae, ms_ssim, mse, ssim, wrapped_mae
from tasks.core.fourier import fourier_shift
from tasks.core.objects import ObjectParams, make_object

SIDE_PX, BORDER_PX = 240, 12
FRAME = make_object(ObjectParams(), (SIDE_PX + 80, SIDE_PX + 80), np.random.default_rng(11))
CUT = np.s_[40 : 40 + SIDE_PX, 40 : 40 + SIDE_PX]
TRUTH = FRAME[CUT]
INSIDE = np.s_[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
WEIGHTS = np.zeros(TRUTH.shape)
WEIGHTS[INSIDE] = 1.0

ANGLES = st.floats(-np.pi, np.pi)
SHIFTS = st.tuples(st.floats(-1.4, 1.4), st.floats(-1.4, 1.4))
RAMPS = st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
FACTORS = st.builds(lambda size, angle: size * np.exp(1j * angle), st.floats(0.1, 10), ANGLES)
SEEDS = st.integers(0, 2**31)


@st.composite
def gauges(draw):
    return Gauge(draw(FACTORS), draw(RAMPS), draw(SHIFTS))


def _in_gauge(gauge, noise_ratio, seed):
    """Shift a larger frame, so that no edge of it comes near; then ramp, scale and add noise."""
    moved = fourier_shift(FRAME, np.array([gauge.shift_px]))[0][CUT]
    image = apply_gauge(moved, Gauge(gauge.factor, gauge.ramp_rad_per_px))
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(TRUTH.shape) + 1j * rng.standard_normal(TRUTH.shape)
    power = np.sqrt(np.mean(np.abs(image) ** 2) / 2)
    return image + noise_ratio * power * noise


@settings(max_examples=25, deadline=None)
@given(planted=gauges(), noise_ratio=st.floats(0, 0.15), seed=SEEDS)
def test_a_planted_gauge_is_found_under_noise(planted, noise_ratio, seed):
    found = fit_gauge(_in_gauge(planted, noise_ratio, seed), TRUTH, WEIGHTS)
    assert not found.at_bound
    assert found.shift_is_determined
    # What the noise itself moves a factor by, five standard deviations of it, is not the fit's.
    tolerance = max(1e-3, 5 * noise_ratio / np.sqrt(2 * WEIGHTS.sum()))
    assert abs(np.angle(found.factor / planted.factor)) < tolerance
    assert abs(abs(found.factor / planted.factor) - 1) < tolerance
    np.testing.assert_allclose(found.ramp_rad_per_px, planted.ramp_rad_per_px, atol=1e-4)
    np.testing.assert_allclose(found.shift_px, planted.shift_px, atol=0.02)


@settings(max_examples=15, deadline=None)
@given(planted=gauges(), seed=SEEDS)
def test_scores_do_not_depend_on_the_gauge_of_an_arm(planted, seed):
    plain = _in_gauge(Gauge(), 0.1, seed)
    other = apply_gauge(plain, Gauge(planted.factor, planted.ramp_rad_per_px))
    scores = [
        complex_nrmse(remove_gauge(image, fit_gauge(image, TRUTH, WEIGHTS))[INSIDE], TRUTH[INSIDE])
        for image in (plain, other)
    ]
    assert scores[0] == pytest.approx(scores[1], rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(factor=FACTORS, noise_ratio=st.sampled_from([0.0, 0.01, 0.1, 1.0]), seed=SEEDS)
def test_no_gauge_makes_a_flat_image_similar_to_the_truth(factor, noise_ratio, seed):
    rng = np.random.default_rng(seed)
    image = factor * (1 + noise_ratio * rng.standard_normal(TRUTH.shape)).astype(complex)
    gauge = fit_gauge(image, TRUTH, WEIGHTS)
    assert not gauge.shift_is_determined
    assert gauge.shift_px == (0.0, 0.0)
    aligned, truth = remove_gauge(image, gauge)[INSIDE], TRUTH[INSIDE]
    for part in (np.abs, np.angle):
        lowest, data_range = part(truth).min(), float(np.ptp(part(truth)))
        similarity = ms_ssim(part(aligned) - lowest, part(truth) - lowest, data_range=data_range)
        assert similarity is not None
        assert similarity < 0.2


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, data_range=st.floats(0.1, 10))
def test_metrics_do_not_prefer_either_of_two_images(seed, data_range):
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0, data_range, (2, 180, 176))
    for metric in (mae, mse, wrapped_mae):
        assert metric(one, two) == pytest.approx(metric(two, one), rel=1e-12)
    for similarity in (ssim, ms_ssim):
        value = similarity(one, two, data_range=data_range)
        assert value is not None
        assert value <= 1
        assert value == pytest.approx(similarity(two, one, data_range=data_range), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, scale=st.floats(0.01, 100))
def test_similarity_does_not_depend_on_the_unit(seed, scale):
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0, 1, (2, 176, 176))
    assert ms_ssim(scale * one, scale * two, data_range=scale) == pytest.approx(
        ms_ssim(one, two, data_range=1.0), rel=1e-9
    )


@given(phase=ANGLES, true_phase=ANGLES, turns=st.integers(-3, 3))
def test_a_phase_error_is_at_most_pi_and_blind_to_turns(phase, true_phase, turns):
    one, two = np.full((2, 2), phase), np.full((2, 2), true_phase)
    error = wrapped_mae(one, two)
    assert 0 <= error <= np.pi + 1e-12
    assert wrapped_mae(one + 2 * np.pi * turns, two) == pytest.approx(error, abs=1e-9)
