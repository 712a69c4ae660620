"""A reference on its way: time that is left, and its picture."""

import numpy as np
import pytest
from PIL import Image

from tasks.core.files.object_file import ObjectWindow
from tasks.reconstruct.reference_watch import PICTURE, ReferenceWatch, time_text

WINDOW = ObjectWindow(np.exp(1j * np.linspace(0, 1, 600)).reshape(20, 30), (0, 0))


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def watched(tmp_path):
    """Watch 4 epochs of the probe and 6 of the object; return what was told."""
    told, clock = [], Clock()
    path = tmp_path / "data/phase_c/dose_1000" / PICTURE
    path.parent.mkdir(parents=True)
    watch = ReferenceWatch(lambda *words: told.append(words), (4, 6), path, clock)
    return watch, told, clock, path


def test_the_time_that_is_left_is_that_of_measured_epochs(watched):
    watch, told, clock, _ = watched
    for epoch in range(1, 5):
        clock.now_s += 10
        watch.probe_epoch(epoch, 0.5, WINDOW)
    # An epoch of the object is as long as one of the probe until one was measured.
    assert [text.split(", ")[2].split(";")[0] for _, _, text in told] == [
        "about 90 s left",
        "about 80 s left",
        "about 70 s left",
        "about 60 s left",
    ]
    clock.now_s += 2
    watch.object_epoch(1, 0.25, WINDOW)
    assert told[-1] == (5, 10, "object, loss 0.25, about 10 s left")
    for epoch in range(2, 7):
        clock.now_s += 2
        watch.object_epoch(epoch, 0.25, WINDOW)
    assert told[-1] == (10, 10, "object, loss 0.25")


def test_the_path_of_the_picture_is_told_once(watched):
    watch, told, clock, path = watched
    for epoch in range(1, 5):
        clock.now_s += 100
        watch.probe_epoch(epoch, 0.5, WINDOW)
    named = [text for _, _, text in told if PICTURE in text]
    assert named == [told[0][2]]
    assert named[0].endswith("; picture as it goes: data/phase_c/dose_1000/reference_so_far.png")
    assert [file.name for file in path.parent.iterdir()] == [PICTURE]


def test_the_picture_is_drawn_anew_now_and_then_and_at_the_end(watched):
    watch, _, clock, path = watched

    def seen():
        return path.stat().st_ino

    watch.probe_epoch(1, 0.5, WINDOW)
    with Image.open(path) as image:
        image.verify()
    first = seen()
    clock.now_s = 5.0
    watch.probe_epoch(2, 0.4, WINDOW)
    assert seen() == first
    clock.now_s = 15.0
    watch.probe_epoch(3, 0.3, WINDOW)
    second = path.read_bytes()
    clock.now_s = 16.0
    watch.object_epoch(6, 0.2, ObjectWindow(WINDOW.object_.conj(), (0, 0)))
    assert path.read_bytes() != second


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "about 0 s"), (99.0, "about 99 s"), (200.0, "about 3 min")]
)
def test_times_are_told_as_people_read_them(seconds, text):
    assert time_text(seconds) == text
