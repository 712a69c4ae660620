"""Draw how fast pty-chi converges from a flat start and from what the networks found.

    .venv/bin/python docs/sweeps/draw_convergence.py runs/dense4 runs/sparse4 ...

Takes finished hubs of `python -m flows.phase_g --splits test --refine 10` and writes
`docs/images/convergence.png`: a panel a dose and view, complex error against epochs.
"""

import csv
import sys
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import atomic_path

PICTURE = Path(__file__).resolve().parents[1] / "images/convergence.png"
PANEL_INCH = 2.9
DPI = 100
Curve = tuple[list[int], list[float]]


def curves_of(path: Path) -> dict[str, Curve]:
    """Return epochs and complex errors of every solver of a comparison."""
    curves: dict[str, Curve] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            epochs, errors = curves.setdefault(row["model"], ([], []))
            epochs.append(int(row["epoch"]))
            errors.append(float(row["complex_nrmse"]))
    return curves


def draw_panel(axis: Axes, curves: dict[str, Curve], title: str) -> None:
    """Draw the curves of one dose and view."""
    for model, (epochs, errors) in curves.items():
        axis.plot(
            epochs, errors, ".-", color=RECONSTRUCTIONS.colour_of(model), label=model, lw=1.3, ms=4
        )
    end = curves["PtyChi"][1][-1]
    axis.axhline(end, color=RECONSTRUCTIONS.colour_of("PtyChi"), lw=0.8, ls=":")
    axis.set_xscale("symlog", linthresh=1, linscale=0.5)
    axis.set_yscale("log")
    axis.set_xticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"])
    axis.set_title(title, fontsize=9)
    axis.grid(alpha=0.25, which="both", lw=0.5)
    axis.tick_params(labelsize=8)


def main(hubs: list[Path]) -> None:
    """Draw the panels of all hubs, views in rows, doses in columns."""
    tables = sorted(
        (path.parts[-3], float(path.parts[-4].removeprefix("dose_")), path)
        for hub in hubs
        for path in hub.glob("analysis/dose_*/*/test/convergence.csv")
    )
    views = sorted({view for view, _, _ in tables})
    doses = sorted({dose for _, dose, _ in tables})
    size = (PANEL_INCH * len(doses) + 0.3, PANEL_INCH * len(views) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(views), len(doses), squeeze=False)
    for view, dose, path in tables:
        axis = axes[views.index(view), doses.index(dose)]
        draw_panel(axis, curves_of(path), f"{view}, {dose:g} photons a pattern")
    for axis in axes[-1]:
        axis.set_xlabel("epochs of pty-chi", fontsize=9)
    for axis in axes[:, 0]:
        axis.set_ylabel("complex error", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    with atomic_path(PICTURE) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
