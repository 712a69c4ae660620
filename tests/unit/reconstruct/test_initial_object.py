import numpy as np
import pytest

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_record import Geometry, Scan
from tasks.reconstruct.ptychi_stage import spread_between_orders
from tasks.reconstruct.scan_checks import flat_object, given_object, lit_area

GRID = np.stack(np.meshgrid([20.0, 24, 28], [30.0, 34, 38], indexing="ij"), axis=-1).reshape(-1, 2)


@pytest.fixture
def scan():
    probe = np.zeros((16, 16), dtype=complex)
    probe[4:13, 4:13] = 2
    counts = np.full((9, 16, 16), 1, dtype=np.uint16)
    return Scan(counts, GRID, probe, Geometry(8000.0, 2.0, 75e-6), {})


def coordinates(shape, origin):
    """Return an object whose value says where a pixel lies in the frame."""
    rows, columns = np.indices(shape)
    return rows + origin[0] + 1j * (columns + origin[1])


def test_the_flat_object_covers_all_patches_and_is_as_transparent_as_the_counts_say(scan):
    initial = flat_object(scan)
    assert initial.origin_px == (12, 22)
    assert initial.object_.shape == (24, 24)
    np.testing.assert_allclose(np.abs(initial.object_) ** 2, 256 / np.sum(np.abs(scan.probe) ** 2))


def test_a_given_object_lies_at_its_absolute_position(scan, tmp_path):
    write_object(tmp_path / "i.h5", ObjectWindow(coordinates((60, 60), (2, 3)), (2, 3)))
    initial = given_object(scan, tmp_path / "i.h5")
    assert initial.origin_px == flat_object(scan).origin_px
    np.testing.assert_array_equal(initial.object_, coordinates((24, 24), (12, 22)))


def test_what_a_given_object_lacks_is_flat_and_of_its_mean_phase(scan, tmp_path):
    flat, given = flat_object(scan), np.full((40, 40), 0.5j)
    lit = lit_area(scan, flat)
    given[2:26, 2:26][~lit] = 0
    write_object(tmp_path / "i.h5", ObjectWindow(given, (10, 20)))
    initial = given_object(scan, tmp_path / "i.h5").object_
    np.testing.assert_allclose(initial[lit], 0.5j)
    np.testing.assert_allclose(initial[~lit], 1j * flat.object_[~lit], atol=1e-6)


def test_a_given_object_that_is_not_finite_is_refused_by_name(scan, tmp_path):
    given = np.ones((60, 60), dtype=complex)
    given[0, 0] = np.nan
    write_object(tmp_path / "spoilt.h5", ObjectWindow(given, (2, 3)))
    with pytest.raises(ValueError, match=r"spoilt\.h5 holds 1 values that are not finite"):
        given_object(scan, tmp_path / "spoilt.h5")


@pytest.mark.parametrize("origin", [(12, 32), (100, 100)])
def test_a_given_object_of_another_place_is_refused_by_name(scan, tmp_path, origin):
    write_object(tmp_path / "else.h5", ObjectWindow(np.ones((30, 30), dtype=complex), origin))
    with pytest.raises(ValueError, match=r"else\.h5 holds .* Give an object of this scan"):
        given_object(scan, tmp_path / "else.h5")


def test_equal_objects_do_not_spread_whatever_their_phase(rng):
    image = rng.standard_normal((6, 6)) + 1j
    lit = np.ones((6, 6), dtype=bool)
    objects = np.stack([image, image * np.exp(2j)])
    assert spread_between_orders(objects, lit) == pytest.approx(0, abs=1e-7)


def test_the_spread_is_the_noise_over_the_object(rng):
    noise = rng.standard_normal((4, 80, 80)) + 1j * rng.standard_normal((4, 80, 80))
    objects = 2 + 0.1 * noise / np.sqrt(2)
    spread = spread_between_orders(objects, np.ones((80, 80), dtype=bool))
    assert spread == pytest.approx(0.05, rel=0.05)
