"""`python -m tasks.report`: the deltas of many runs, and the difference between two."""

if __name__ == "__main__":
    # Before the imports below, which load the catalogues.
    from tasks.commands import launch

    launch("tasks.report.__main__")

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tasks.catalogue.headline import HEADLINE_METRICS
from tasks.commands import EXIT_FAILED, EXIT_SUCCESS, drop_output, new_app, run_app, say
from tasks.report.history.changes import Change, faults_of, unjudged_of
from tasks.report.history.history import history_lines, read_history
from tasks.report.history.history_figure import write_history_plot
from tasks.report.history.hub_diff import diff_hubs, diff_lines, fault_lines
from tasks.report.history.hub_scores import read_hub_scores

PLOT_NAME = "phase_g_history.png"
APP = new_app("tasks.report", what_it_does="Hold finished runs against each other.")


@APP.command
def history(*hubs: Path, output: Path | None = None) -> int:
    """Show the deltas of every attempt in some hubs, and draw them.

    Parameters
    ----------
    hubs
        Folders of runs, in the order to show.
    output
        PNG of the plot; phase_g_history.png beside the first hub without.
    """
    if not hubs:
        raise ValueError("A history needs a hub. Name the folders of one or more runs.")
    path = hubs[0].resolve().parent / PLOT_NAME if output is None else output
    if path.is_dir() or path.suffix.lower() != ".png":
        raise ValueError(f"The plot is a PNG, got --output {path}. Name a file that ends in .png.")
    if not path.parent.is_dir():
        raise ValueError(f"The plot {path} cannot be written: make the folder {path.parent} first.")
    entries = read_history(hubs)
    if not entries:
        raise ValueError("The hubs hold no attempt. Name hubs in which a run has ended.")
    for line in history_lines(entries):
        say(line)
    try:
        write_history_plot(path, entries)
    except OSError as error:
        raise ValueError(
            f"The plot {path} cannot be written ({error.strerror}). Name another with --output."
        ) from error
    say(f"Plot: {path}")
    return EXIT_SUCCESS


@APP.command
def diff(
    before: Path, after: Path, /, *, gate: Annotated[bool, Parameter(show_default=False)] = False
) -> int:
    """Compare two hubs metric by metric: every arm's scores, and PtychoPINN minus the others.

    Parameters
    ----------
    before
        Folder of the first run.
    after
        Folder of the second run.
    gate
        End with exit code 1 if a score or a delta got worse beyond its noise, or is gone.
    """
    found = diff_hubs(read_hub_scores(before), read_hub_scores(after))
    for line in diff_lines(found):
        say(line)
    return _gate([*found.scores, *found.deltas]) if gate else EXIT_SUCCESS


def _gate(changes: Sequence[Change]) -> int:
    """Print whether the gate lets the second run pass, and return its exit code.

    Raises:
        ValueError: If a headline number moved against its direction and nothing says by how much it
            moves anyway: a gate that lets pass what it cannot judge is none.
    """
    faults = faults_of(changes)
    if faults:
        say(f"GATE FAILED: {len(faults)} of {len(changes)} numbers are worse beyond noise or gone")
        for line in fault_lines(faults):
            say(line)
        return EXIT_FAILED
    names = {metric.name: metric.label for metric in HEADLINE_METRICS}
    unjudged = [change for change in unjudged_of(changes) if change.metric in names]
    if unjudged:
        raise ValueError(
            f"The gate cannot judge: {len(unjudged)} of the scores and deltas in "
            f"{' and '.join(names.values())} moved against their direction, and their noise is not "
            f"known in both hubs. Compare hubs of two or more seeds, or hubs with tables of blocks "
            f"that show the same object."
        )
    say("GATE PASSED: nothing is worse beyond its noise")
    return EXIT_SUCCESS


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code: 0 all good, 1 the gate found something worse, 2 bad input."""
    try:
        return run_app(APP, sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        drop_output()
        return EXIT_SUCCESS
