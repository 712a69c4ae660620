import numpy as np
import pytest

from tasks.core.geometry.overlap import disc_overlap_fraction, jittered_raster, measure_overlap
from tasks.core.geometry.patches import (
    extract_patches,
    illumination_map,
    place_patches,
    shifted_probes,
)
from tasks.core.physics.forward import diffraction_intensity, draw_counts
from tasks.core.physics.probe import (
    defocused_zone_plate_probe,
    edge_energy_fraction,
    energy_diameter_px,
    full_width_half_maximum_px,
)
from tasks.core.study.seeds import Purpose, Seeds, Split, spawn, spawn_integer


def test_an_integer_position_cuts_the_plain_slice():
    object_ = np.arange(30 * 40).reshape(30, 40)
    (patch,) = extract_patches(object_, np.array([[12.0, 20.0]]), 8)
    np.testing.assert_array_equal(patch, object_[8:16, 16:24])


def test_half_a_pixel_rounds_up_and_moves_the_probe_back():
    object_ = np.arange(30 * 40).reshape(30, 40)
    (patch,) = extract_patches(object_, np.array([[11.5, 20.0]]), 8)
    np.testing.assert_array_equal(patch, object_[8:16, 16:24])
    y, x = np.mgrid[-16:16, -16:16]
    probe = np.exp(-(y**2 + x**2) / 20).astype(complex)
    (moved,) = shifted_probes(probe, np.array([[11.5, 20.0]]))
    expected = np.exp(-((y + 0.5) ** 2 + x**2) / 20)
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_a_position_outside_the_object_is_refused_with_the_cure():
    with pytest.raises(ValueError, match="keep positions at least 4 px from its edges"):
        extract_patches(np.zeros((30, 40)), np.array([[3.0, 20.0]]), 8)


def test_odd_patches_are_refused():
    with pytest.raises(ValueError, match="even side"):
        extract_patches(np.zeros((30, 40)), np.array([[12.0, 20.0]]), 7)


def test_overlapping_patches_add_up():
    ones = np.ones((2, 4, 4))
    canvas = place_patches(ones, np.array([[4.0, 4.0], [4.0, 6.0]]), (8, 10))
    assert canvas.sum() == 32
    assert canvas[4, 5] == 2


def test_the_illumination_map_holds_every_photon(rng):
    probe = rng.standard_normal((8, 8)) + 1j * rng.standard_normal((8, 8))
    positions = rng.uniform(6, 14, size=(5, 2))
    total = illumination_map(probe, positions, (20, 20), chunk=2).sum()
    assert total == pytest.approx(5 * np.sum(np.abs(probe) ** 2))


def test_a_probe_of_another_size_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"extract_patches\(object_, positions_px, 16\)"):
        diffraction_intensity(np.ones((2, 8, 8), complex), np.ones((16, 16), complex))


def test_zero_frequency_lies_in_the_centre():
    intensity = diffraction_intensity(np.ones((1, 8, 8), complex), np.ones((8, 8), complex))
    assert np.unravel_index(intensity[0].argmax(), (8, 8)) == (4, 4)


def test_shot_noise_has_the_mean_and_the_variance_of_the_intensity(rng):
    intensity = np.full(200_000, 7.3)
    counts = draw_counts(intensity, rng).astype(float)
    assert counts.mean() == pytest.approx(7.3, abs=5 * np.sqrt(7.3 / counts.size))
    assert counts.var() == pytest.approx(7.3, rel=0.02)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, 1e12])
def test_impossible_intensities_are_refused(bad, rng):
    with pytest.raises(ValueError, match="lower photons_per_pattern"):
        draw_counts(np.array([1.0, bad]), rng)


def test_the_probe_has_unit_energy_is_curved_and_fits_its_array():
    probe = defocused_zone_plate_probe(64, 0.4, 0.3, 8.0)
    assert np.sum(np.abs(probe) ** 2) == pytest.approx(1)
    assert 25 < energy_diameter_px(probe) < 29
    assert 15 < full_width_half_maximum_px(probe) < 21
    assert edge_energy_fraction(probe) < 0.002
    lit = np.abs(probe) ** 2 > 0.2 * np.abs(probe).max() ** 2
    assert np.ptp(np.unwrap(np.angle(probe[lit]))) > 1


def test_more_defocus_makes_a_larger_probe():
    diameters = [
        energy_diameter_px(defocused_zone_plate_probe(64, 0.4, 0.3, rad)) for rad in (4, 8, 12)
    ]
    assert diameters == sorted(diameters)


def test_the_diameter_of_a_disc_is_its_own():
    y, x = np.mgrid[-32:32, -32:32]
    disc = (np.hypot(y, x) <= 10).astype(complex)
    assert energy_diameter_px(disc, 0.999) == pytest.approx(20, abs=0.6)
    assert full_width_half_maximum_px(disc) == pytest.approx(20, abs=0.6)


@pytest.mark.parametrize(("distance", "overlap"), [(0, 1), (10, 0.391), (20, 0), (50, 0)])
def test_disc_overlap_has_its_closed_form_values(distance, overlap):
    assert disc_overlap_fraction(distance, 20.0) == pytest.approx(overlap, abs=5e-4)


def test_disc_overlap_equals_counted_area():
    y, x = np.mgrid[-300:300, -300:300] / 100
    here, there = np.hypot(y, x) < 1, np.hypot(y, x - 0.7) < 1
    counted = np.count_nonzero(here & there) / np.count_nonzero(here)
    assert disc_overlap_fraction(0.7, 2.0) == pytest.approx(counted, abs=2e-3)


def test_a_disc_without_a_diameter_is_refused():
    with pytest.raises(ValueError, match="positive diameter"):
        disc_overlap_fraction(1.0, 0.0)


def test_a_raster_without_jitter_gives_back_its_own_overlap(rng):
    positions = jittered_raster(7, 9, 6.0, 0.0, rng)
    measured = measure_overlap(positions, 20.0)
    assert measured.step_px == pytest.approx(6.0)
    assert measured.overlap_ratio == pytest.approx(0.7)
    assert measured.nearest_disc_overlap == pytest.approx(disc_overlap_fraction(6.0, 20.0))


def test_jitter_stays_in_its_bounds(rng):
    nodes = jittered_raster(7, 9, 6.0, 0.0, rng)
    moved = jittered_raster(7, 9, 6.0, 1.5, rng) - nodes
    assert np.abs(moved).max() <= 1.5
    assert np.abs(moved).max() > 1.2


def test_positions_on_a_line_have_no_overlap():
    with pytest.raises(ValueError, match="span an area"):
        measure_overlap(np.array([[0.0, 0], [0, 1], [0, 2], [0, 3]]), 10.0)


def test_every_purpose_and_split_draws_its_own_numbers():
    draws = {spawn(42, purpose, split).random() for purpose in Purpose for split in (None, *Split)}
    assert len(draws) == 3 * len(Purpose)
    assert spawn(42, Purpose.OBJECT).random() == spawn(42, Purpose.OBJECT).random()
    assert spawn_integer(42, Purpose.TRAINING) < 2**31


def test_the_study_seed_gives_the_study_roots():
    assert Seeds.from_study_seed(42) == Seeds()
    assert Seeds().model_dump() == {"simulation": 42, "grouping": 123, "subsampling": 456}
