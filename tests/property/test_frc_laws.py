"""Laws of the Fourier ring correlation: what it says of itself, of noise and of planted spectra."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal.windows import tukey

from tasks.catalogue.scoring.frc import area, frc_summary, half_crossing_per_px, ssnr

SIDE_PX = 160
SEEDS = st.integers(0, 2**31)
SHAPES = st.tuples(st.integers(16, 70), st.integers(16, 70))


def frc_curve(image, truth, mask=None):
    return frc_summary(image, truth, mask).curve


def ssnr_of_halves(curve):
    """Return 2 C / (1 - C), the ratio of the mean of two equally noisy halves.

    C = S / (S + N) for noise N in each half, and their mean has N / 2 (van Heel & Schatz, J.
    Struct. Biol. 151, 250 (2005)).
    """
    return 2 * curve.correlation / (1 - curve.correlation)


def white(rng, shape, is_complex):
    noise = rng.standard_normal(shape)
    return noise + 1j * rng.standard_normal(shape) if is_complex else noise


def filtered(noise, response):
    """Apply a response to |f| [1 / px]."""
    radius = np.hypot(*np.meshgrid(*(scipy.fft.fftfreq(n) for n in noise.shape), indexing="ij"))
    return scipy.fft.ifft2(scipy.fft.fft2(noise) * response(radius))


def discs(shape):
    """A mask that is no rectangle: an ellipse with a hole."""
    rows, columns = (np.linspace(-1, 1, n) for n in shape)
    radius = np.hypot(rows[:, None], columns)
    return (radius < 1.02) & (np.hypot(rows[:, None] - 0.3, columns) > 0.1)


@settings(max_examples=30)
@given(shape=SHAPES, seed=SEEDS, is_complex=st.booleans(), masked=st.booleans())
def test_an_image_correlates_wholly_with_itself(shape, seed, is_complex, masked):
    image = white(np.random.default_rng(seed), shape, is_complex) + 3
    curve = frc_curve(image, image, discs(shape) if masked else None)
    np.testing.assert_allclose(curve.correlation, 1, rtol=1e-12)
    assert area(curve) == pytest.approx(1)
    assert half_crossing_per_px(curve) is None
    assert ssnr(curve) == [None] * len(curve.correlation)


@settings(max_examples=30)
@given(shape=SHAPES, seed=SEEDS, is_complex=st.booleans(), masked=st.booleans())
def test_it_is_symmetric_and_bounded(shape, seed, is_complex, masked):
    rng = np.random.default_rng(seed)
    image, truth = white(rng, shape, is_complex), white(rng, shape, is_complex)
    mask = discs(shape) if masked else None
    there, back = frc_curve(image, truth, mask), frc_curve(truth, image, mask)
    np.testing.assert_allclose(there.correlation, back.correlation, atol=1e-13)
    assert np.all(np.abs(there.correlation) <= 1)
    np.testing.assert_array_equal(there.n_values, back.n_values)


@settings(max_examples=20)
@given(
    seed=SEEDS,
    scale=st.floats(1e-3, 1e3),
    angle=st.floats(-np.pi, np.pi),
    offset=st.complex_numbers(max_magnitude=10),
)
def test_scale_and_offset_do_not_matter_and_a_phase_costs_its_cosine(seed, scale, angle, offset):
    rng = np.random.default_rng(seed)
    truth = white(rng, (48, 64), True)
    plain = frc_curve(truth, truth)
    other = frc_curve(scale * np.exp(1j * angle) * truth + offset, truth)
    np.testing.assert_allclose(other.correlation, np.cos(angle), atol=1e-9)
    both = frc_curve(truth * np.exp(1j * angle), truth * np.exp(1j * angle))
    np.testing.assert_allclose(both.correlation, plain.correlation, atol=1e-12)


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_unrelated_noise_correlates_as_much_as_its_independent_values_say(is_complex, masked, rng):
    shape = (96, 128)
    mask = discs(shape) if masked else None
    curves = [
        frc_curve(white(rng, shape, is_complex), white(rng, shape, is_complex), mask)
        for _ in range(40)
    ]
    scores = np.stack([curve.correlation * np.sqrt(curve.n_values) for curve in curves])
    assert abs(scores.mean()) < 4 / np.sqrt(scores.size)
    # The taper ties neighbours to each other; n_values counts ties across rings as well, so that
    # it bounds the spread from above, by a third at most.
    assert 0.7 < scores.std() < 1.0
    assert np.mean(np.abs(scores) > 3) < 0.003


def assert_ratio(curves, ratio, planted, slope):
    """Hold the ratio of averaged curves against a planted one, in bands of ten rings.

    The standard error of a correlation is (1 - C^2) / sqrt(n) (Fisher), and `slope` is that of
    the logarithm of the ratio; five standard errors are allowed.
    """
    correlation = np.mean([curve.correlation for curve in curves], axis=0)
    mean = replace(curves[0], correlation=correlation)
    found = np.array(ratio(mean), dtype=float) / planted(mean.frequency_per_px)
    error = slope(correlation) * (1 - correlation**2) / np.sqrt(len(curves) * mean.n_values)
    found, error = (part[9:].reshape(-1, 10) for part in (found, error))
    allowed = 5 * np.sqrt(np.mean(error**2, axis=1) / 10) + 0.01
    assert allowed.max() < 0.3
    np.testing.assert_array_less(np.abs(found.mean(axis=1) - 1), allowed)


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_a_planted_signal_to_noise_ratio_is_found(is_complex, masked, rng):
    """The signal's spectrum falls by a factor of 20 over the band, the noise is white."""

    def root_signal(f):
        return np.exp(-3 * f) * 2

    truths = [filtered(white(rng, (SIDE_PX, SIDE_PX), is_complex), root_signal) for _ in range(10)]
    truths = truths if is_complex else [truth.real for truth in truths]
    mask = discs((SIDE_PX, SIDE_PX)) if masked else None

    def noise():
        return 0.7 * white(rng, (SIDE_PX, SIDE_PX), is_complex)

    def planted(f):
        return (root_signal(f) / 0.7) ** 2

    one_noisy = [frc_curve(truth + noise(), truth, mask) for truth in truths]
    assert_ratio(one_noisy, ssnr, planted, lambda c: 2 / (c * (1 - c**2)))
    halves = [frc_curve(truth + noise(), truth + noise(), mask) for truth in truths]
    # The mean of both halves has half the noise of one.
    assert_ratio(halves, ssnr_of_halves, lambda f: 2 * planted(f), lambda c: 1 / (c * (1 - c)))


@settings(max_examples=10)
@given(cutoff=st.floats(0.08, 0.42), seed=SEEDS)
def test_a_low_pass_crosses_at_its_own_frequency(cutoff, seed):
    rng = np.random.default_rng(seed)
    truth = white(rng, (SIDE_PX, SIDE_PX), True)
    image = filtered(truth, lambda f: f < cutoff) + filtered(
        white(rng, truth.shape, True), lambda f: f >= cutoff
    )
    crossing = half_crossing_per_px(frc_curve(image, truth))
    assert crossing == pytest.approx(cutoff, abs=1.5 / SIDE_PX)


@settings(max_examples=10)
@given(sigma=st.floats(0.5, 2.0), noise=st.floats(0.05, 0.4), seed=SEEDS)
def test_a_blurred_and_noisy_image_has_the_curve_of_its_closed_form(sigma, noise, seed):
    """C(f) = g / sqrt(g^2 + noise^2) with g = exp(-2 (pi sigma f)^2), for a white truth."""
    rng = np.random.default_rng(seed)
    truth = white(rng, (SIDE_PX, SIDE_PX), True)

    def blur(f):
        return np.exp(-2 * (np.pi * sigma * f) ** 2)

    image = filtered(truth, blur) + noise * white(rng, truth.shape, True)
    curve = frc_curve(image, truth)
    gain = blur(curve.frequency_per_px)
    expected = gain / np.hypot(gain, noise)
    # The standard error of a correlation is (1 - C^2) / sqrt(n) (Fisher).
    error = (1 - expected**2) / np.sqrt(curve.n_values) + 0.004
    assert np.all(np.abs(curve.correlation - expected) < 5 * error)
    assert area(curve) == pytest.approx(expected.mean(), abs=0.02)
    crossing = half_crossing_per_px(curve)
    exact = np.sqrt(np.log(np.sqrt(3) / noise) / 2) / (np.pi * sigma)
    if exact < 0.45:
        assert crossing == pytest.approx(exact, abs=0.04)
    elif exact > 0.6:
        assert crossing is None


def test_a_blur_without_noise_loses_nothing(rng):
    """Every ring is only scaled; a deep blur would end in rounding and leakage instead."""
    truth = white(rng, (SIDE_PX, SIDE_PX), True)
    image = filtered(truth, lambda f: np.exp(-8 * f**2))
    correlation = frc_curve(image, truth).correlation
    assert correlation.min() > 0.99
    noise = 0.1 * white(rng, truth.shape, True)
    assert frc_curve(image + noise, truth).correlation[-1] < 0.9


def test_leaking_edges_do_not_correlate(rng):
    """Two unlike images on one slope: without a taper its jump at the edges would agree."""
    slope = np.add.outer(np.arange(128.0), np.arange(128.0))
    noises = [0.3 * rng.standard_normal(slope.shape) for _ in range(2)]
    curve = frc_curve(slope + noises[0], slope + noises[1])
    high = curve.frequency_per_px > 0.2
    assert np.abs(curve.correlation[high]).max() < 4 / np.sqrt(curve.n_values[high].min())
    window = np.multiply.outer(tukey(128, 0.01), tukey(128, 0.01))
    spectra = [scipy.fft.fft2(window * (slope - slope.mean() + noise)) for noise in noises]
    shared = (spectra[0] * spectra[1].conj()).real[40:60, :5].sum()
    power = np.sqrt(np.prod([np.sum(np.abs(part[40:60, :5]) ** 2) for part in spectra]))
    assert shared / power > 0.5
