import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.files.atomic_files import write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import ChunkCache, ScanReader, map_view, open_view, read_scan
from tasks.core.files.scan_record import Geometry, Scan

COUNT, SIDE = 70, 16
CHUNK_BYTES = 16 * SIDE * SIDE * 2


def make_scan(counts):
    positions = np.random.default_rng(3).uniform(10, 60, size=(len(counts), 2))
    probe = np.ones(counts.shape[1:], complex)
    return Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {"split": "test"})


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    counts = np.random.default_rng(4).poisson(3.0, size=(COUNT, SIDE, SIDE)).astype(np.uint16)
    where = tmp_path_factory.mktemp("reader") / "scan.cxi"
    write_scan(where, make_scan(counts))
    return where


indices = st.lists(st.integers(0, COUNT - 1), max_size=40).map(lambda i: np.array(i, np.intp))


@given(
    chosen=st.permutations(range(COUNT)).map(np.array),
    orders=st.lists(indices, max_size=3),
    cache_bytes=st.sampled_from([0, CHUNK_BYTES, 3 * CHUNK_BYTES, 2**20]),
)
def test_any_order_of_indices_gives_what_the_whole_scan_has(path, chosen, orders, cache_bytes):
    whole = read_scan(path)
    reader = ScanReader(path, chosen, cache_bytes=cache_bytes)
    np.testing.assert_array_equal(reader.header.positions_px, whole.positions_px[chosen])
    for order in orders:
        expected = whole.diffraction_counts[chosen[order]]
        np.testing.assert_array_equal(reader.read(order), expected)


@given(chosen=indices, n_patterns=st.integers(1, 30))
def test_parts_and_sums_are_those_of_all_patterns(path, chosen, n_patterns):
    counts = read_scan(path, chosen).diffraction_counts
    reader = ScanReader(path, chosen)
    parts = [*reader.parts(n_patterns)]
    assert all(len(part) <= n_patterns for part in parts)
    np.testing.assert_array_equal(np.concatenate([counts[:0], *parts]), counts)
    np.testing.assert_array_equal(reader.summed_pattern(), counts.sum(axis=0))
    assert reader.total_counts() == counts.sum()


def test_what_is_read_can_be_written_to_without_changing_the_next_read(path):
    reader = ScanReader(path)
    first = reader.read(np.arange(5))
    first[:] = 0
    assert reader.read(np.arange(5)).any()


def test_a_view_is_opened_like_it_is_read(path, tmp_path):
    view = {"view": "sparse", "n_exposures": COUNT, "indices": [3, 40, 41, 69]}
    write_json(tmp_path / "view.json", view)
    reader, scan = (f(path, tmp_path / "view.json") for f in (open_view, map_view))
    assert (len(reader), reader.header.provenance["view"]) == (4, "sparse")
    assert reader.header.provenance == scan.provenance
    np.testing.assert_array_equal(reader.read(), scan.diffraction_counts)
    write_json(tmp_path / "view.json", view | {"n_exposures": 7})
    with pytest.raises(ValueError, match="Make the view again from this scan"):
        open_view(path, tmp_path / "view.json")


@pytest.mark.parametrize("wrong", [-1, 4])
def test_an_index_outside_the_view_is_refused(path, wrong):
    with pytest.raises(ValueError, match=r"0 to 3 .*Count within the view"):
        ScanReader(path, np.arange(4)).read(np.array([0, wrong]))


@pytest.mark.parametrize(("value", "cure"), [(np.nan, "Mask or repair"), (-1, "clip at zero")])
def test_a_count_that_cannot_be_is_found_where_it_is_read(tmp_path, value, cure):
    counts = np.ones((20, SIDE, SIDE))
    counts[18, 2, 3] = value
    write_scan(tmp_path / "bad.cxi", make_scan(counts))
    reader = ScanReader(tmp_path / "bad.cxi")
    assert reader.read(np.arange(18)).all()
    with pytest.raises(ValueError, match=cure):
        reader.read(np.array([18]))
    with pytest.raises(ValueError, match=cure):
        reader.total_counts()


def test_memory_stays_below_the_limit_however_much_is_read(tmp_path):
    counts = np.zeros((4000, 32, 32), np.uint16)
    write_scan(tmp_path / "long.cxi", make_scan(counts))
    limit = counts.nbytes // 16
    reader = ScanReader(tmp_path / "long.cxi", cache_bytes=limit)
    draws = np.random.default_rng(5)
    tracemalloc.start()
    for _ in range(100):
        reader.read(draws.integers(0, len(reader), size=32))
    reader.total_counts()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    a_part = 256 * 32 * 32 * (2 + 8)
    assert peak < limit + a_part < counts.nbytes / 2


def test_the_cache_keeps_what_was_used_last_and_never_more_than_its_limit():
    loaded = []

    def get(number, size=10):
        def load():
            loaded.append(number)
            return np.full(size, number, np.uint8)

        chunk = cache.get(number, load)
        assert cache.used_bytes <= cache.limit_bytes
        assert (chunk == number).all()

    cache = ChunkCache(limit_bytes=25)
    for number in (1, 2, 1, 3, 1, 2):
        get(number)
    assert loaded == [1, 2, 3, 2], "1 was used before 3 came, so 2 made room"
    get(9, size=26)
    get(9, size=26)
    assert loaded[-2:] == [9, 9], "what is larger than the limit is not kept"
