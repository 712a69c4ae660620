import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.objects import OBJECTS, ObjectParams, make_object
from tasks.core.scan_patterns import SCAN_PATTERNS, ScanParams, scan_path
from tasks.core.study.seeds import Purpose, spawn

drawn_objects = st.sampled_from([kind for kind in OBJECTS if kind != "file"])
filling_scans = st.sampled_from([kind for kind in SCAN_PATTERNS if kind != "file"])
shapes = st.tuples(st.integers(20, 90), st.integers(20, 90))
seeds = st.integers(0, 2**20)


def ranges(lowest, highest):
    bounds = st.floats(lowest, highest, allow_subnormal=False)
    return st.tuples(bounds, bounds).map(sorted).map(tuple)


amplitudes = ranges(0, 1).filter(lambda bounds: bounds[1] > 1e-3)


def draw(kind, shape, seed, **options):
    return make_object(ObjectParams(kind=kind, **options), shape, spawn(seed, Purpose.OBJECT))


@settings(max_examples=60)
@given(kind=drawn_objects, shape=shapes, seed=seeds, amplitude=amplitudes, phase=ranges(-3, 3))
def test_objects_of_any_shape_stay_in_their_ranges(kind, shape, seed, amplitude, phase):
    object_ = draw(kind, shape, seed, amplitude_range=amplitude, phase_range_rad=phase)
    assert object_.shape == shape
    assert np.abs(object_).min() >= amplitude[0] - 1e-9
    assert np.abs(object_).max() <= amplitude[1] + 1e-9
    angles = np.angle(object_[np.abs(object_) > 1e-6])
    assert np.all((angles >= phase[0] - 1e-6) & (angles <= phase[1] + 1e-6))


@settings(max_examples=30)
@given(kind=drawn_objects, shape=shapes, seed=seeds)
def test_the_same_seed_draws_the_same_object_and_another_does_not(kind, shape, seed):
    np.testing.assert_array_equal(draw(kind, shape, seed), draw(kind, shape, seed))
    assert not np.array_equal(draw(kind, shape, seed), draw(kind, shape, seed + 1))


@settings(max_examples=30)
@given(kind=drawn_objects, seed=seeds, amplitude=amplitudes, phase=ranges(-3, 3))
def test_ranges_change_the_strength_and_not_the_draws(kind, seed, amplitude, phase):
    plain = draw(kind, (40, 50), seed)
    other = draw(kind, (40, 50), seed, amplitude_range=amplitude, phase_range_rad=phase)
    expected = np.interp(np.abs(plain), (0.5, 1.0), amplitude)
    np.testing.assert_allclose(np.abs(other), expected, atol=1e-9)
    turned = np.exp(1j * np.interp(np.angle(plain), (-1.0, 1.0), phase))
    np.testing.assert_allclose(other, np.abs(other) * turned, atol=1e-9)


@settings(max_examples=60)
@given(
    kind=filling_scans,
    size=st.tuples(st.integers(2, 14), st.integers(2, 14)),
    overlap=st.floats(0, 0.9),
    jitter=st.floats(0, 0.5),
    seed=seeds,
)
def test_scans_of_any_size_fill_their_rectangle(kind, size, overlap, jitter, seed):
    params = ScanParams(kind=kind, overlap_ratio=overlap, jitter_fraction=jitter)
    paths = [scan_path(params, size, 20.0, spawn(seed, Purpose.SCAN_JITTER)) for _ in range(2)]
    np.testing.assert_array_equal(paths[0].positions_px, paths[1].positions_px)
    path = paths[0]
    assert path.positions_px.shape == (size[0] * size[1], 2)
    assert path.extent_px == pytest.approx([(side - 1) * (1 - overlap) * 20.0 for side in size])
    assert path.positions_px.min() >= -path.jitter_px - 1e-9
    assert np.all(path.positions_px.max(axis=0) <= np.array(path.extent_px) + path.jitter_px + 1e-9)
