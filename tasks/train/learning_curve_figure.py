"""The learning curve: the loss of every step, and that of the held-out part."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

from tasks.core.files.atomic_files import atomic_path
from tasks.train.history import History

mpl.use("Agg")

from matplotlib import pyplot as plt

SMOOTHING_SHARE = 20


def draw_learning_curve(path: Path, history: History, title: str, loss_name: str) -> None:
    """Draw the loss of every step, its running median and the held-out loss as PNG.

    Args:
        path: Figure to write.
        history: Losses.
        title: Title of the figure.
        loss_name: What the loss is, with its unit.
    """
    losses = np.asarray(history.losses)
    steps = np.arange(1, len(losses) + 1)
    half = max(1, len(losses) // (2 * SMOOTHING_SHARE))
    smooth = [np.median(losses[max(0, i - half) : i + half + 1]) for i in range(len(losses))]
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    axes.plot(steps, losses, color="#9db8d2", linewidth=0.8, label="each step")
    axes.plot(steps, smooth, color="#1f4e79", linewidth=1.8, label="running median")
    if history.held_out:
        points = list(history.held_out.items())
        axes.plot(*zip(*points, strict=True), "o-", color="#c0504d", markersize=3, label="held out")
        best = history.best_step
        if best is not None:
            ring = axes.plot(best, history.held_out[best], "o", color="#c0504d", ms=9, mfc="none")
            ring[0].set(label="weights kept", clip_on=False)
    axes.set(
        title=title, xlabel="step", ylabel=loss_name, yscale="log", xlim=(1, max(2, len(losses)))
    )
    axes.grid(visible=True, which="both", color="#e6e6e6", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, metadata={"Software": None})
    plt.close(figure)
