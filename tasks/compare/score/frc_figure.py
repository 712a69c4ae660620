"""Ring correlations of a scoring as a picture."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tasks.compare.score.score import Scored
from tasks.compare.score.thresholds import THRESHOLDS
from tasks.core.files.atomic_files import atomic_path

# Okabe & Ito's colours, which most people can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#595959")
SIZE_INCH, DPI = (6.4, 3.8), 110


def write_frc_figure(path: Path, found: Scored) -> None:
    """Draw the correlation of every object with what it is held against, as PNG; whole or not.

    Against the truth the line at one half is drawn; of two objects the thresholds of half sets.
    """
    figure = Figure(figsize=SIZE_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    curves = {name: one.curve for name, one in found.objects.items() if one.curve is not None}
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        axis.plot(curve.frequency_per_px, curve.correlation, color=colour, lw=1.5, label=name)
    first = next(iter(curves.values()), None)
    if found.files.is_truth:
        axis.axhline(0.5, color="0.4", lw=0.8, ls="--", label="one half")
    elif first is not None:
        for style, (name, (curve_of, _)) in zip(("--", "-.", ":"), THRESHOLDS.items(), strict=True):
            level = curve_of(first.n_values)
            axis.plot(first.frequency_per_px, level, color="0.4", lw=0.8, ls=style, label=name)
    axis.set(xlim=(0, 0.5), ylim=(-0.1, 1.02), xlabel="spatial frequency [1/px]")
    axis.set_ylabel("Fourier ring correlation")
    axis.set_title(f"against {found.against}", fontsize=10)
    axis.grid(visible=True, color="0.9", lw=0.7)
    if axis.lines:
        axis.legend(fontsize=8, framealpha=0.9, edgecolor="none", loc="lower left")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
