"""A reference on its way: how much time is left, and a picture of what there is so far."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import numpy as np

from tasks.core.files.atomic_files import atomic_path
from tasks.core.files.object_file import ObjectWindow
from tasks.core.study.stage_record import Progress

PICTURE = "reference_so_far.png"
PICTURE_INTERVAL_S = 10.0
MEASURED_EPOCHS = 10
PARTS_OF_A_HUB = 4


class ReferenceWatch:
    """Tells of every epoch of a reference; draws the object now and then."""

    def __init__(
        self,
        progress: Progress,
        epochs: tuple[int, int],
        picture: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch so many epochs for the probe, then for the object; the clock tells seconds."""
        self._progress, self._epochs, self._picture, self._clock = progress, epochs, picture, clock
        self._ended_s = clock()
        self._drawn_s: float | None = None
        self._is_picture_told = False
        self._durations: tuple[list[float], list[float]] = ([], [])

    def positions_round(self, text: str) -> None:
        """Tell of a round of the search for positions, which comes before all epochs."""
        self._progress(0, sum(self._epochs), f"{text}{self._picture_once()}")
        self._ended_s = self._clock()

    def probe_epoch(self, epoch: int, loss: float, window: ObjectWindow) -> None:
        """Tell of an epoch that has refined the probe, numbered from 1."""
        self._tell(0, epoch, f"probe, loss {loss:.4g}", window)

    def object_epoch(self, epoch: int, loss: float, window: ObjectWindow) -> None:
        """Tell of an epoch that has refined the object alone, numbered from 1."""
        self._tell(1, epoch, f"object, loss {loss:.4g}", window)

    def _tell(self, stage: int, epoch: int, text: str, window: ObjectWindow) -> None:
        now_s = self._clock()
        self._durations[stage].append(now_s - self._ended_s)
        done, total = epoch + stage * self._epochs[0], sum(self._epochs)
        left = f", {time_text(self._left_s(stage, epoch))} left" if done < total else ""
        named = self._picture_once()
        if self._drawn_s is None or done == total or now_s - self._drawn_s >= PICTURE_INTERVAL_S:
            draw_object(self._picture, window, f"epoch {done} of {total}: {text}")
            self._drawn_s = now_s
        self._progress(done, total, f"{text}{left}{named}")
        self._ended_s = self._clock()

    def _picture_once(self) -> str:
        """Return where the picture will be, for the first line: later ones may be left out."""
        if self._is_picture_told:
            return ""
        self._is_picture_told = True
        return f"; picture as it goes: {'/'.join(self._picture.parts[-PARTS_OF_A_HUB:])}"

    def _left_s(self, stage: int, epoch: int) -> float:
        """Return the time that is left by the last epochs; one of the object is as one before."""
        one_s = fmean(self._durations[stage][-MEASURED_EPOCHS:])
        return sum(self._epochs[stage:]) * one_s - epoch * one_s


def time_text(seconds: float) -> str:
    """Return a time as a person reads it, such as `about 40 s` or `about 3 min`."""
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min"


def draw_object(path: Path, window: ObjectWindow, title: str) -> None:
    """Draw amplitude and phase of an object as PNG, whole or not at all."""
    # Here and not above: who watches nothing need not wait for it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from tasks.figures import AMPLITUDE_MAP, PHASE_MAP

    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10)
    images = {
        "amplitude": (np.abs(window.object_), AMPLITUDE_MAP),
        "phase [rad]": (np.angle(window.object_), PHASE_MAP),
    }
    for axis, (name, (image, colours)) in zip(figure.subplots(1, 2), images.items(), strict=True):
        low, high = np.percentile(image, (1, 99))
        axis.set_title(name, fontsize=10)
        shown = axis.imshow(image, cmap=colours, vmin=low, vmax=max(high, low + 1e-6))
        figure.colorbar(shown, ax=axis, shrink=0.8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png", metadata={"Software": None})
