"""An object is found in another, however another program has stored it."""

import numpy as np
import pytest

from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.placement.orientation import ORIENTATIONS, Orientation
from tasks.compare.placement.place import found_place, placed_by_file
from tasks.core.files.object_file import ObjectWindow
from tests.unit.compare.placement.planting import EDGE_PX, planted, sample, with_noise

SIDE_PX = 224
SHIFT = (3.3, -7.6)


@pytest.fixture(scope="module")
def truth():
    return sample(SIDE_PX)


@pytest.fixture(scope="module")
def noisy(truth):
    return with_noise(truth, 0.1)


def errors_of(truth, window):
    """Return the mean absolute errors of amplitude and phase where a window shows the truth."""
    image = window.cut(ObjectWindow(truth, (0, 0)).window)
    known = np.isfinite(image)
    inner = np.zeros_like(known)
    inner[40:-40, 40:-40] = True
    assert known[inner].all()
    gauge = fit_gauge(np.where(known, image, 0), truth, inner & known)
    aligned = remove_gauge(image, gauge, known)
    turned = np.angle(aligned * truth.conj())
    return np.mean(np.abs(np.abs(aligned) - np.abs(truth))[inner]), np.mean(np.abs(turned)[inner])


@pytest.mark.parametrize("scale", [0.8, None], ids=["known pixels", "unknown pixels"])
def test_a_planted_object_is_found_and_scores_as_in_its_place(scale, truth, noisy):
    base = ObjectWindow(truth, (0, 0))
    found = found_place(base, planted(noisy), scale, "A")
    assert found.pose.orientation == Orientation(True, True, 1).inverse
    assert found.pose.scale == pytest.approx(0.8, abs=2e-4)
    expected = [EDGE_PX - move for move in SHIFT]
    assert found.pose.origin == pytest.approx(expected, abs=0.1)
    assert found.correlation > found.next_correlation + 0.2
    in_place = errors_of(truth, ObjectWindow(noisy, (0, 0)))
    assert errors_of(truth, found.window) == pytest.approx(in_place, rel=0.05)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=lambda one: one.text)
def test_every_orientation_is_undone(orientation, truth, noisy):
    small = planted(noisy, finer=1.0, orientation=orientation)
    found = found_place(ObjectWindow(truth, (7, 9)), small, 1.0, "A")
    assert found.pose.orientation == orientation.inverse
    assert found.pose.origin == pytest.approx([EDGE_PX - move for move in SHIFT], abs=0.05)
    corner = [round(place) + at for place, at in zip(found.pose.origin, (7, 9), strict=True)]
    assert list(found.window.origin_px) == corner


def test_a_weak_phase_keeps_its_sign(truth):
    phase = np.angle(truth)
    weak = np.exp(0.05j * (phase - phase.mean()))
    moved = planted(with_noise(weak, 0.003), finer=1.0)
    found = found_place(ObjectWindow(weak, (0, 0)), moved, 1.0, "A")
    assert found.pose.orientation == Orientation(True, True, 1).inverse


def test_a_real_object_is_not_conjugated(truth):
    real = np.abs(truth).astype(complex)
    found = found_place(ObjectWindow(real, (0, 0)), real[20:-20, 20:-20], 1.0, "A")
    assert found.pose.orientation == Orientation()
    assert found.pose.origin == pytest.approx((20, 20), abs=1e-4)


def test_pixels_far_apart_are_found_without_being_told(truth, noisy):
    found = found_place(ObjectWindow(truth, (0, 0)), planted(noisy, finer=1.7), None, "A")
    assert found.pose.scale == pytest.approx(1 / 1.7, rel=1e-3)
    assert found.pose.orientation == Orientation(True, True, 1).inverse


def test_another_sample_is_refused(truth):
    with pytest.raises(ValueError, match="A is not found in the object that it is held against"):
        found_place(ObjectWindow(truth, (0, 0)), sample(180, seed=9), 1.0, "A")


def test_a_symmetric_object_is_refused_unless_it_is_told_to_be_upright(truth):
    base = ObjectWindow((truth + np.rot90(truth, 2)) / 2, (0, 0))
    with pytest.raises(ValueError, match=r"How A is turned cannot be decided: .* as-is"):
        found_place(base, base.object_.copy(), 1.0, "A")
    found = found_place(base, base.object_.copy(), 1.0, "A", ORIENTATIONS[:1])
    assert found.pose.origin == pytest.approx((0, 0), abs=1e-4)
    assert found.next_correlation is None


def test_the_next_orientation_fits_the_better_the_more_symmetric_an_object_is(truth):
    found = []
    for share in (0.0, 0.3, 0.7):
        mixed = truth + share * np.rot90(truth, 2)
        place = found_place(ObjectWindow(mixed, (0, 0)), with_noise(mixed, 0.05), 1.0, "A")
        assert place.pose.orientation == Orientation()
        found.append(place.next_correlation)
    assert found[0] != 0
    assert found == sorted(found)
    assert found[0] < 0.25
    # Of uncorrelated images: 2 s / (1 + s^2).
    assert found[1:] == pytest.approx([0.6 / 1.09, 1.4 / 1.49], abs=0.1)


def test_a_place_of_a_file_is_taken_to_the_pixel_and_nothing_is_interpolated(truth, noisy):
    base = ObjectWindow(truth, (100, 50))
    found = placed_by_file(base, noisy[10:, 20:], (110.2, 69.9), None)
    assert found.window.origin_px == (110, 70)
    np.testing.assert_array_equal(found.window.object_, noisy[10:, 20:])
    assert found.correlation > 0.9


def test_a_place_of_a_file_with_other_pixels_is_resampled_there(truth, noisy):
    small = planted(noisy, orientation=Orientation(), ramp=(0.0, 0.0))
    origin = tuple(EDGE_PX - move for move in SHIFT)
    found = placed_by_file(ObjectWindow(truth, (0, 0)), small, origin, 0.8)
    assert errors_of(truth, found.window) == pytest.approx(
        errors_of(truth, ObjectWindow(noisy, (0, 0))), rel=0.05
    )


def test_a_small_object_is_found_in_a_large_one():
    large = sample(1000, seed=4)
    small = np.rot90(with_noise(large[620:760, 130:290], 0.1))
    found = found_place(ObjectWindow(large, (0, 0)), small, 1.0, "A")
    assert found.pose.orientation == Orientation(quarter_turns=3)
    assert found.pose.origin == pytest.approx((620, 130), abs=0.1)


def test_an_object_beside_zeros_is_found(truth, noisy):
    rimmed = np.zeros((260, 280), dtype=complex)
    rimmed[50:200, 60:230] = planted(noisy, finer=1.0, orientation=Orientation())[:150, :170]
    found = found_place(ObjectWindow(truth, (0, 0)), rimmed, 1.0, "A")
    expected = [EDGE_PX - move - at for move, at in zip(SHIFT, (50, 60), strict=True)]
    assert found.pose.origin == pytest.approx(expected, abs=0.1)
