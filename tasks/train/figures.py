"""The learning curve, as numbers and as a figure."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from tasks.core.files import atomic_path, write_text

mpl.use("Agg")

from matplotlib import pyplot as plt

SMOOTHING_SHARE = 20


def write_history(
    path: Path, losses: NDArray[np.floating], learning_rates: NDArray[np.floating]
) -> None:
    """Write `step,loss,learning_rate` as CSV, a row for each step, counted from one."""
    rows = [
        f"{step},{loss:.8g},{rate:.8g}"
        for step, (loss, rate) in enumerate(zip(losses, learning_rates, strict=True), start=1)
    ]
    write_text(path, "\n".join(["step,loss,learning_rate", *rows]) + "\n")


def draw_learning_curve(
    path: Path, losses: NDArray[np.floating], title: str, loss_name: str
) -> None:
    """Draw the loss of every step and its running median as PNG.

    Args:
        path: Figure to write.
        losses: Loss of every step, shape (n_steps,).
        title: Title of the figure.
        loss_name: What the loss is, with its unit.
    """
    steps = np.arange(1, len(losses) + 1)
    half = max(1, len(losses) // (2 * SMOOTHING_SHARE))
    smooth = [np.median(losses[max(0, i - half) : i + half + 1]) for i in range(len(losses))]
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    axes.plot(steps, losses, color="#9db8d2", linewidth=0.8, label="each step")
    axes.plot(steps, smooth, color="#1f4e79", linewidth=1.8, label="running median")
    axes.set(
        title=title, xlabel="step", ylabel=loss_name, yscale="log", xlim=(1, max(2, len(losses)))
    )
    axes.grid(visible=True, which="both", color="#e6e6e6", linewidth=0.6)
    axes.legend(frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, metadata={"Software": None})
    plt.close(figure)
