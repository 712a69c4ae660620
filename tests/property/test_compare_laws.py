"""Laws of the gauge and of the metrics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from tasks.catalogue.metrics.complex_nrmse import relative_error
from tasks.catalogue.metrics.mae import mae
from tasks.catalogue.metrics.ms_ssim import ms_ssim
from tasks.catalogue.metrics.mse import mse
from tasks.catalogue.metrics.ssim import ssim
from tasks.catalogue.scoring.image_pair import ImagePair, TrueImage
from tasks.compare.alignment.gauge import Gauge, apply_gauge, fit_gauge, remove_gauge
from tasks.compare.reference_object import differences
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.forward import fourier_shift

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


def value(metric, image, truth, data_range=1.0):
    return metric(ImagePair(image, TrueImage(truth, data_range))).value


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
@given(planted=gauges(), noise_ratio=st.floats(0, 0.06), seed=SEEDS)
def test_a_planted_gauge_is_found_under_noise_of_up_to_6_percent(planted, noise_ratio, seed):
    """Noise is relative to the r.m.s. amplitude; 6 % move a factor by 1e-3 in five sigma."""
    found = fit_gauge(_in_gauge(planted, noise_ratio, seed), TRUTH, WEIGHTS)
    assert not found.at_bound
    assert found.shift_is_determined
    assert abs(np.angle(found.factor / planted.factor)) < 1e-3
    assert abs(abs(found.factor / planted.factor) - 1) < 1e-3
    np.testing.assert_allclose(found.ramp_rad_per_px, planted.ramp_rad_per_px, atol=1e-4)
    np.testing.assert_allclose(found.shift_px, planted.shift_px, atol=0.02)


@settings(max_examples=25, deadline=None)
@given(planted=gauges(), noise_ratio=st.floats(0.06, 0.3), seed=SEEDS)
def test_more_noise_moves_a_gauge_by_five_of_its_sigmas_at_most(planted, noise_ratio, seed):
    found = fit_gauge(_in_gauge(planted, noise_ratio, seed), TRUTH, WEIGHTS)
    tolerance = 5 * noise_ratio / np.sqrt(2 * WEIGHTS.sum())
    assert abs(np.angle(found.factor / planted.factor)) < tolerance
    assert abs(abs(found.factor / planted.factor) - 1) < tolerance
    np.testing.assert_allclose(found.ramp_rad_per_px, planted.ramp_rad_per_px, atol=1e-4)
    np.testing.assert_allclose(found.shift_px, planted.shift_px, atol=0.05)


@settings(max_examples=15, deadline=None)
@given(planted=gauges(), sigma_px=st.floats(0.5, 3.0))
def test_a_planted_gauge_of_a_blurred_image_is_found(planted, sigma_px):
    frame = gaussian_filter(FRAME, sigma_px)
    moved = fourier_shift(frame, np.array([planted.shift_px]))[0][CUT]
    at_rest = fit_gauge(frame[CUT], TRUTH, WEIGHTS)
    found = fit_gauge(apply_gauge(moved, Gauge(1.0, planted.ramp_rad_per_px)), TRUTH, WEIGHTS)
    # A blur has a best gauge of its own, a little off none.
    expected = np.add(planted.shift_px, at_rest.shift_px)
    np.testing.assert_allclose(found.shift_px, expected, atol=0.02)
    np.testing.assert_allclose(found.ramp_rad_per_px, planted.ramp_rad_per_px, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(planted=gauges(), seed=SEEDS)
def test_scores_do_not_depend_on_the_gauge_of_an_arm(planted, seed):
    plain = _in_gauge(Gauge(), 0.1, seed)
    other = apply_gauge(plain, Gauge(planted.factor, planted.ramp_rad_per_px))
    scores = [
        relative_error(remove_gauge(image, fit_gauge(image, TRUTH, WEIGHTS))[INSIDE], TRUTH[INSIDE])
        for image in (plain, other)
    ]
    assert scores[0] == pytest.approx(scores[1], rel=1e-6)


def _similarities(image, truth):
    """Return MS-SSIM of amplitude and phase inside the border, from the truth's mean phase."""
    image, truth = image[INSIDE], truth[INSIDE]
    turn = np.exp(-1j * np.angle(truth.sum()))
    values = []
    for one, two in (
        (np.abs(image), np.abs(truth)),
        (np.angle(image * turn), np.angle(truth * turn)),
    ):
        lowest, data_range = two.min(), float(np.ptp(two))
        values.append(value(ms_ssim, one - lowest, two - lowest, data_range))
    return np.array(values)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["dead_leaves", "random_lines", "gaussian_random_field"]),
    object_seed=SEEDS,
    factor=FACTORS,
    noise_ratio=st.sampled_from([0.0, 0.01, 0.1, 1.0]),
    seed=SEEDS,
)
def test_no_gauge_makes_a_flat_image_similar_to_the_truth(
    kind, object_seed, factor, noise_ratio, seed
):
    rng = np.random.default_rng(object_seed)
    truth = make_object(ObjectParams(kind=kind), TRUTH.shape, rng)
    noise = np.random.default_rng(seed).standard_normal(TRUTH.shape)
    image = factor * (1 + noise_ratio * noise).astype(complex)
    gauge = fit_gauge(image, truth, WEIGHTS)
    assert not gauge.shift_is_determined
    assert gauge.shift_px == (0.0, 0.0)
    assert np.all(_similarities(remove_gauge(image, gauge), truth) < 0.2)


@settings(max_examples=20, deadline=None)
@given(kind=st.sampled_from(["natural_texture", "siemens_star"]), seed=SEEDS, factor=FACTORS)
def test_a_gauge_adds_little_to_a_flat_image_of_a_smooth_or_empty_sample(kind, seed, factor):
    """Large smooth areas are like a flat image by themselves, which the control shows."""
    truth = make_object(ObjectParams(kind=kind), TRUTH.shape, np.random.default_rng(seed))
    control = np.abs(truth[INSIDE]).mean() * np.exp(1j * np.angle(truth[INSIDE].sum()))
    image = np.full(truth.shape, factor)
    aligned = remove_gauge(image, fit_gauge(image, truth, WEIGHTS))
    known = _similarities(np.full(truth.shape, control), truth)
    # A ramp of the sample's own phase is taken for one of the gauge.
    assert np.all(_similarities(aligned, truth) - known < [0.01, 0.2])


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, data_range=st.floats(0.1, 10))
def test_metrics_do_not_prefer_either_of_two_images(seed, data_range):
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0, data_range, (2, 180, 176))
    for metric in (mae, mse):
        assert value(metric, one, two) == pytest.approx(value(metric, two, one), rel=1e-12)
    for similarity in (ssim, ms_ssim):
        found = value(similarity, one, two, data_range)
        assert found <= 1
        assert found == pytest.approx(value(similarity, two, one, data_range), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, scale=st.floats(0.01, 100))
def test_similarity_does_not_depend_on_the_unit(seed, scale):
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0, 1, (2, 176, 176))
    assert value(ms_ssim, scale * one, scale * two, scale) == pytest.approx(
        value(ms_ssim, one, two), rel=1e-9
    )


@given(phase=ANGLES, true_phase=ANGLES)
def test_a_phase_error_is_at_most_pi_and_alike_both_ways(phase, true_phase):
    one, two = (np.full((2, 2), np.exp(1j * angle)) for angle in (phase, true_phase))
    everywhere = np.ones((2, 2), dtype=bool)
    error = differences(one, two, everywhere)[2]
    assert 0 <= error <= np.pi + 1e-12
    assert differences(two, one, everywhere)[2] == pytest.approx(error, abs=1e-12)
    assert 2 * np.sin(error / 2) == pytest.approx(abs(one[0, 0] - two[0, 0]), abs=1e-12)
