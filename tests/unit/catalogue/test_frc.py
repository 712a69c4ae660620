import numpy as np
import pytest

from tasks.catalogue.scoring.frc import (
    FEWEST_VALUES,
    FrcCurve,
    area,
    frc_summary,
    half_crossing_per_px,
    ssnr,
)


def frc_curve(image, truth, mask=None):
    return frc_summary(image, truth, mask).curve


def curve_of(*correlation, n_values=100.0):
    count = len(correlation)
    values = np.broadcast_to(np.asarray(n_values, dtype=float), count)
    return FrcCurve(np.arange(1, count + 1) * 0.5 / count, np.array(correlation), values)


def test_rings_are_a_fourier_pixel_of_the_smaller_side_wide(rng):
    curve = frc_curve(*rng.standard_normal((2, 40, 64)))
    np.testing.assert_allclose(curve.frequency_per_px, np.arange(1.5, 20) / 40)
    # A ring of an oblong image holds pixels in proportion to its area: 2 pi f * 40 * 64.
    inner = curve.n_values[2:] / (2 * np.pi * curve.frequency_per_px[2:] * 40 * 64 / 40)
    np.testing.assert_allclose(inner, inner.mean(), rtol=0.15)


def test_an_odd_side_ends_below_nyquist(rng):
    curve = frc_curve(*rng.standard_normal((2, 33, 33)))
    assert curve.frequency_per_px[-1] == 15.5 / 33


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (-0.8, 0.6)])
def test_a_wave_appears_on_its_ring_whatever_its_direction(direction, rng):
    rows, columns = np.mgrid[:64, :96]
    frequency = 16.5 / 64
    wave = np.cos(2 * np.pi * frequency * (direction[0] * rows + direction[1] * columns))
    curve = frc_curve(*(wave + rng.standard_normal((2, 64, 96))))
    distance = np.abs(curve.frequency_per_px - frequency) * 64
    assert curve.correlation[distance < 0.1] > 0.8
    assert np.abs(curve.correlation[(distance > 3) & (curve.n_values > 20)]).max() < 0.5


def test_what_lies_outside_the_mask_does_not_count(rng):
    image, truth = rng.standard_normal((2, 60, 50))
    mask = np.zeros((60, 50), dtype=bool)
    mask[10:40, 5:45] = True
    mask[12:15, 7:9] = False
    expected = frc_curve(image, truth, mask)
    image[~mask], truth[~mask] = np.nan, 1e9
    np.testing.assert_array_equal(frc_curve(image, truth, mask).correlation, expected.correlation)


def test_a_rectangle_as_a_mask_is_the_rectangle_itself(rng):
    image, truth = rng.standard_normal((2, 60, 50))
    mask = np.zeros((60, 50), dtype=bool)
    part = np.s_[10:40, 5:45]
    mask[part] = True
    np.testing.assert_array_equal(
        frc_curve(image, truth, mask).correlation, frc_curve(image[part], truth[part]).correlation
    )


def test_single_precision_is_as_good(rng):
    image, truth = rng.standard_normal((2, 40, 40)) + 5
    single = frc_curve(image.astype(np.complex64), truth)
    np.testing.assert_allclose(single.correlation, frc_curve(image, truth).correlation, atol=1e-5)


def test_a_ring_without_power_does_not_correlate(rng, monkeypatch):
    """The shapes of images leave rounding everywhere, so the spectrum is emptied by hand."""
    whole = frc_curve(*rng.standard_normal((2, 32, 32)))
    transform = np.fft.fft2

    def emptied(part):
        spectrum = transform(part)
        spectrum[np.hypot(*np.meshgrid(*[np.fft.fftfreq(32)] * 2)) > 0.3] = 0
        return spectrum

    monkeypatch.setattr("tasks.catalogue.scoring.frc.scipy.fft.fft2", emptied)
    curve = frc_curve(*rng.standard_normal((2, 32, 32)))
    assert np.all(curve.correlation[9:] == 0)
    assert np.all(curve.correlation[:8] != 0)
    assert whole.correlation[12] != 0


def test_the_crossing_is_linear_between_rings():
    assert half_crossing_per_px(curve_of(1.0, 0.8, 0.4, 0.2)) == pytest.approx(0.25 + 0.125 * 0.75)
    assert half_crossing_per_px(curve_of(1.0, 0.8, 0.4, 0.2), level=0.8) == pytest.approx(0.25)
    assert half_crossing_per_px(curve_of(1.0, 0.8, 0.4, 0.9, 0.1)) == pytest.approx(
        0.2 + 0.1 * 0.75
    )


def test_a_curve_that_stays_above_the_level_is_censored():
    assert half_crossing_per_px(curve_of(1.0, 0.9, 0.5)) is None


def test_a_curve_that_starts_below_the_level_crosses_before_its_first_ring():
    assert half_crossing_per_px(curve_of(0.0, 0.9, 0.9, 0.9)) == pytest.approx(0.0625)
    assert half_crossing_per_px(curve_of(-1.0, 0.9, 0.9, 0.9)) == pytest.approx(0.125 / 4)


def test_ill_determined_rings_cross_nothing():
    few, enough = FEWEST_VALUES - 1, FEWEST_VALUES
    dip = (1.0, 0.3, 0.9, 0.4)
    assert half_crossing_per_px(curve_of(*dip, n_values=[few, few, enough, 90])) == pytest.approx(
        0.375 + 0.125 * 0.8
    )
    assert half_crossing_per_px(curve_of(*dip, n_values=[few, enough, 60, 90])) < 0.25
    assert half_crossing_per_px(curve_of(*dip, n_values=few)) is None


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, float("nan")])
def test_a_level_outside_its_range_is_refused(level):
    with pytest.raises(ValueError, match=r"Take 0\.5"):
        half_crossing_per_px(curve_of(1.0, 0.2), level=level)


def test_the_area_is_the_mean_over_frequency():
    assert area(curve_of(1.0, 0.5, 0.0, -0.5)) == 0.25


def test_ratios_of_signal_to_noise_are_finite_or_none():
    curve = curve_of(1.0, np.sqrt(0.5), 0.0, -0.7)
    assert ssnr(curve) == [None, pytest.approx(1.0), 0.0, 0.0]


def test_a_flat_image_has_a_reason_instead_of_a_curve(rng):
    detail = rng.standard_normal((32, 32)) + 1
    flat = np.full((32, 32), 0.3 * np.exp(0.4j))
    whole = frc_summary(detail, detail)
    assert (whole.half_crossing_per_px, whole.area) == (None, pytest.approx(1))
    assert whole.reason == "not crossed: above 0.5 up to Nyquist"
    found = frc_summary(flat, detail)
    assert (found.curve, found.half_crossing_per_px, found.area) == (None, None, None)
    assert found.reason == "frc is not defined: the image has no contrast"
    assert frc_summary(detail, flat).reason == "frc is not defined: the truth has no contrast"
    assert "image" in frc_summary(np.zeros((32, 32)), detail).reason
    # Flat where it is looked at is enough.
    mask = np.zeros((32, 32), dtype=bool)
    mask[4:28, 4:28] = True
    assert frc_summary(np.where(mask, 2.0, detail), detail, mask).curve is None


def test_too_few_pixels_have_a_reason_instead_of_a_curve(rng):
    image = rng.standard_normal((32, 32))
    nothing = frc_summary(image, image, np.zeros((32, 32), dtype=bool))
    assert nothing.reason == "frc is not defined: 0 x 0 px, it needs 16 px a side"
    assert "15 x 32 px" in frc_summary(image[:15], image[:15]).reason


def test_bad_input_is_refused_with_its_cure(rng):
    image = rng.standard_normal((32, 32))
    everywhere = np.ones((32, 32), dtype=bool)
    with pytest.raises(ValueError, match=r"\(32, 30\).*Cut them to one window"):
        frc_summary(image, image[:, :30])
    with pytest.raises(ValueError, match="Cut them to one window"):
        frc_summary(image, image, everywhere[:30])
    with pytest.raises(ValueError, match="one 2-D shape"):
        frc_summary(image[0], image[0])
    broken = image.copy()
    broken[3, 4] = np.nan
    with pytest.raises(ValueError, match="1 of 1024 pixels of the truth are not finite"):
        frc_summary(image, broken)
    everywhere[3, 4] = False
    assert frc_summary(image, broken, everywhere).curve is not None
