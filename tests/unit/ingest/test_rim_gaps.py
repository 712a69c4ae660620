"""Lines at the rim that never count are gaps where light would fall, and are none where not."""

import h5py
import numpy as np
import pytest

from tasks.ingest.preparation.bad_pixels import _dead
from tasks.ingest.preparation.rim_gaps import rim_gaps

N_PX = 64
GOOD = np.ones((N_PX, N_PX), dtype=bool)
Y, X = np.indices((N_PX, N_PX)) - N_PX // 2
RIMS = {
    "top": np.s_[:3, :],
    "bottom": np.s_[-2:, :],
    "left": np.s_[:, :1],
    "right": np.s_[:, -4:],
}


def counted(rates, gap=None, seed=7):
    found = np.random.default_rng(seed).poisson(rates).astype(float)
    if gap is not None:
        found[gap] = 0
    return found


@pytest.mark.parametrize("name", RIMS)
@pytest.mark.parametrize("power", [2, 3])
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_gap_in_scattered_light_is_found(name, power, seed):
    rates = 1e5 / (1 + np.hypot(Y, X) ** power)
    expected = ~GOOD
    expected[RIMS[name]] = True
    found = rim_gaps(counted(rates, RIMS[name], seed), GOOD)
    np.testing.assert_array_equal(found, expected)


def test_gaps_at_opposite_rims_of_scattered_light_are_found():
    rates = 1e5 / (1 + np.hypot(Y, X) ** 2)
    both = counted(rates)
    both[:2] = both[-2:] = 0
    assert np.flatnonzero(rim_gaps(both, GOOD).all(axis=1)).tolist() == [0, 1, 62, 63]


def test_a_gap_that_cuts_a_bright_field_is_found_by_the_other_rim():
    field = np.where(np.hypot(Y, X) < 40, 50.0, 0.0)
    found = rim_gaps(counted(field, np.s_[:3, :]), GOOD)
    assert np.flatnonzero(found.all(axis=1)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("dose", [0.5, 50.0, 5000.0])
@pytest.mark.parametrize("centre", [(0, 0), (-4, 0), (7, 5), (0, -12)])
@pytest.mark.parametrize("radius", [10, 24, 28])
def test_a_disc_that_ends_has_no_gap(dose, centre, radius):
    inside = np.hypot(Y - centre[0], X - centre[1]) < radius
    assert not rim_gaps(counted(np.where(inside, dose, 0.0)), GOOD).any()


@pytest.mark.parametrize("dose", [0.5, 50.0, 5000.0])
@pytest.mark.parametrize("shift", [0, 3, 6])
def test_a_square_bright_field_has_no_gap(dose, shift):
    inside = (np.abs(Y - shift) < 25) & (np.abs(X) < 25)
    assert not rim_gaps(counted(np.where(inside, dose, 0.0)), GOOD).any()


@pytest.mark.parametrize("dose", [0.1, 3.0, 100.0, 1e4])
@pytest.mark.parametrize("power", [3, 4, 6])
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_light_that_fades_has_no_gap(dose, power, seed):
    rates = dose * 400 / (1 + (np.hypot(Y, X) / 2) ** power)
    assert not rim_gaps(counted(rates, seed=seed), GOOD).any()


def test_a_rim_that_is_masked_is_no_gap_and_one_beside_it_is():
    good = GOOD.copy()
    good[:2] = False
    values = counted(1e5 / (1 + np.hypot(Y, X) ** 2), np.s_[:4, :])
    found = rim_gaps(values, good)
    assert np.flatnonzero(found.all(axis=1)).tolist() == [2, 3]
    assert not found[:2].any()
    assert _dead(values, good, ~GOOD)[2:4].all()


def test_a_rim_gap_of_a_scan_is_masked(written, prepared):
    path, _ = written("cxi")
    name = "entry_1/instrument_1/detector_1/data"
    with h5py.File(path, "a") as file:
        counts = file[name][()] + np.random.default_rng(7).poisson(
            3.0 / (1 + np.hypot(*(np.indices((32, 32)) - 16)) / 8), (100, 32, 32)
        ).astype(np.uint16)
        counts[:, :, 30:] = 0
        del file[name]
        file[name] = counts
    good = prepared(path).header.good_pixels
    assert not good[:, 30:].any()
    assert good[:, :30].all()
