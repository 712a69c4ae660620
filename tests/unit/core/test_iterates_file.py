import numpy as np
import pytest

from tasks.core.files.object_file import (
    ObjectWindow,
    epochs_to_keep,
    iterates_writer,
    read_iterates,
)


def window(value, shape=(5, 7), origin=(3, -2)):
    return ObjectWindow(np.full(shape, value, dtype=np.complex64), origin)


def test_iterates_come_back_in_their_order(tmp_path):
    with iterates_writer(tmp_path / "i.h5") as save:
        for epoch in (0, 4, 8):
            save(epoch, window(epoch + 1j))
    read = list(read_iterates(tmp_path / "i.h5"))
    assert [epoch for epoch, _ in read] == [0, 4, 8]
    for epoch, found in read:
        np.testing.assert_array_equal(found.object_, window(epoch + 1j).object_)
        assert found.origin_px == (3, -2)


def test_the_start_the_middle_three_quarters_and_the_end_are_always_kept():
    for n_epochs in range(1, 130):
        kept = epochs_to_keep(n_epochs)
        assert {0, n_epochs // 2, 3 * n_epochs // 4, n_epochs} <= set(kept)
        assert list(kept) == sorted(set(kept))
        assert len(kept) <= 18


def test_a_window_of_another_place_is_refused_and_nothing_is_left(tmp_path):
    def write():
        with iterates_writer(tmp_path / "i.h5") as save:
            save(0, window(1))
            save(1, window(1, origin=(0, 0)))

    with pytest.raises(ValueError, match="Give the whole object every time"):
        write()
    assert not list(tmp_path.iterdir())


def test_a_file_without_iterates_is_refused(tmp_path):
    (tmp_path / "i.h5").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"i\.h5"):
        list(read_iterates(tmp_path / "i.h5"))
