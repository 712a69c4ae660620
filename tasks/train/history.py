"""What a training leaves behind step by step, as a table and as a learning curve."""

from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from tasks.core.files.atomic_files import atomic_path, write_text

Weights = list[NDArray[np.generic]]


@dataclass
class History:
    """A training so far.

    Attributes:
        losses: Loss before each step.
        learning_rates: Learning rate of each step.
        held_out: Mean loss over the held-out groups after a number of steps.
        elapsed_s: Time spent [s], interruptions not counted.
        evaluated_share: Share of the budget spent at the last validation.
        best_weights: Weights of the best validation; none before the first.
        resumed_step: Steps that an interrupted try had made before this one went on; 0 for none.
    """

    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    held_out: dict[int, float] = field(default_factory=dict)
    elapsed_s: float = 0.0
    evaluated_share: float = 0.0
    best_weights: Weights | None = None
    resumed_step: int = 0

    @property
    def n_steps(self) -> int:
        """Steps that were made."""
        return len(self.losses)

    @property
    def evaluated_step(self) -> int:
        """Steps made before the last validation; 0 before the first."""
        return max(self.held_out, default=0)

    @property
    def best_step(self) -> int | None:
        """Steps made before the best validation, the first of equals; none before it."""
        finite = {step: loss for step, loss in self.held_out.items() if np.isfinite(loss)}
        return min(finite, key=lambda step: (finite[step], step), default=None)

    def validations_since_best(self) -> int:
        """Return how many validations came after the best."""
        best = self.best_step or 0
        return sum(step > best for step in self.held_out)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all of it as named arrays."""
        arrays: dict[str, NDArray[np.generic]] = {
            "losses": np.array(self.losses, dtype=np.float64),
            "learning_rates": np.array(self.learning_rates, dtype=np.float64),
            "held_out_steps": np.array(list(self.held_out), dtype=np.int64),
            "held_out_losses": np.array(list(self.held_out.values()), dtype=np.float64),
            "clock": np.array([self.elapsed_s, self.evaluated_share]),
        }
        return arrays | pack("best", self.best_weights or [])

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> "History":
        """Return what `to_arrays` took apart."""
        steps, losses = arrays["held_out_steps"], arrays["held_out_losses"]
        elapsed_s, evaluated_share = (float(value) for value in arrays["clock"])
        return cls(
            losses=[float(loss) for loss in arrays["losses"]],
            learning_rates=[float(rate) for rate in arrays["learning_rates"]],
            held_out={int(step): float(loss) for step, loss in zip(steps, losses, strict=True)},
            elapsed_s=elapsed_s,
            evaluated_share=evaluated_share,
            best_weights=unpack("best", arrays) or None,
            resumed_step=len(arrays["losses"]),
        )


def write_history(path: Path, history: History) -> None:
    """Write `step,loss,learning_rate,held_out_loss` as CSV, a row for each step, from one.

    The last column is empty where there was no validation.
    """
    rows = ["step,loss,learning_rate,held_out_loss"]
    pairs = zip(history.losses, history.learning_rates, strict=True)
    for step, (loss, rate) in enumerate(pairs, start=1):
        held_out = history.held_out.get(step)
        validation = "" if held_out is None else f"{held_out:.8g}"
        rows.append(f"{step},{loss:.8g},{rate:.8g},{validation}")
    write_text(path, "\n".join(rows) + "\n")


def pack(name: str, weights: Weights) -> dict[str, NDArray[np.generic]]:
    """Return weights as arrays named `name.0000` and so on."""
    return {f"{name}.{place:04d}": array for place, array in enumerate(weights)}


def unpack(name: str, arrays: dict[str, NDArray[np.generic]]) -> Weights:
    """Return what `pack` named."""
    return [arrays[key] for key in sorted(arrays) if key.startswith(f"{name}.")]


mpl.use("Agg")


SMOOTHING_SHARE = 20


def draw_learning_curve(path: Path, history: History, title: str, loss_name: str) -> None:
    """Draw the loss of every step, its running median and the held-out loss as PNG."""
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
