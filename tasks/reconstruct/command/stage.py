"""Stage function of Phase F for a solver of a person's own: a command in a process of its own."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import tasks
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import map_view
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.object_readers import read_stored_object
from tasks.object_readers.phase_g import hand_over
from tasks.object_readers.stored_object import StoredObject
from tasks.reconstruct.command.params import (
    OUT,
    SCAN,
    SEED,
    THREADS,
    WORK,
    CommandParams,
    SolverDescription,
    read_solver,
)
from tasks.reconstruct.command.process import Ended, run_to_end
from tasks.reconstruct.scan_checks import check_scan

SCAN_NAME = "scan.cxi"
# Each library has its own name for the number of its threads.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# What the stages of this project need, and a program of another kind does not.
OF_STAGES = ("PHASE_G_", "MALLOC_", "KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")
MOST_NAMES = 8


def run_command(params: CommandParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Reconstruct the exposures of a view by a command.

    It is given a CXI of just these exposures, with the probe and without the truth, and writes an
    object in a format that is read. Both lie in a folder beside the output, which is where it runs;
    the folder is removed if it ends well, and kept for a person to look at if it does not. Inputs
    are `scan` (CXI) and `view` (JSON), the output is `solution` (HDF5), as the command has it: with
    its place and its pixel where the file says them.

    Returns:
        How many patterns there were, and how long the command took.

    Raises:
        ValueError: If the command cannot be started, fails, is not done in its time, or does not
            leave one finite complex object where it was told to.
    """
    solver = read_solver(params.solver.path)
    target = files.outputs["solution"]
    work = target.with_name(f"{target.stem}_work")
    shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
    work.mkdir(parents=True)
    scan = map_view(files.inputs["scan"], files.inputs["view"])
    check_scan(scan)
    write_scan(work / SCAN_NAME, scan)
    out = work / solver.out
    values = {
        SCAN: str(work / SCAN_NAME),
        OUT: str(out),
        WORK: str(work),
        SEED: str(params.seed),
        THREADS: str(solver.threads),
    }
    words = solver.words(params.solver.path.parent.resolve(), values)
    progress(0, 1, f"{params.name} starts on {len(scan)} patterns")
    ended = run_to_end(words, work, _environment(solver.threads), solver.time_limit_s, _say)
    found = _result(solver, ended, out)
    hand_over(target, found)
    shutil.rmtree(work)
    progress(1, 1, f"{params.name} took {ended.wall_s:.1f} s")
    return {
        "n_patterns": len(scan),
        "solve_s": ended.wall_s,
        "format": found.format_name,
        "threads": solver.threads,
    }


def _environment(threads: int) -> dict[str, str]:
    """Return the environment of the command: a person's own, without what stages need."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_STAGES)}
    project = str(Path(tasks.__file__).resolve().parents[1])
    paths = [path for path in kept.pop("PYTHONPATH", "").split(os.pathsep) if path]
    if others := [path for path in paths if path != project]:
        kept["PYTHONPATH"] = os.pathsep.join(others)
    return kept | dict.fromkeys(THREAD_VARIABLES, str(threads))


def _say(line: str) -> None:
    """Pass on a line of the command to the log of the stage."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _result(solver: SolverDescription, ended: Ended, out: Path) -> StoredObject:
    """Return the object that a command has left; ValueError says what went wrong instead."""
    said = " It said nothing."
    if any(ended.tail):
        said = f" Its last lines: {' | '.join(line for line in ended.tail if line)}"
    if ended.code is None:
        raise ValueError(
            f"{solver.name} was not done after {solver.time_limit_s:g} s, and was ended. Raise its "
            f"time_limit_s, or give it less to do.{said}"
        )
    if ended.code:
        how = f"exit code {ended.code}"
        if ended.code < 0:
            how = f"the signal {signal.Signals(-ended.code).name}"
        raise ValueError(f"{solver.name} ended with {how}.{said}")
    others = _left_in(out.parent, out)
    try:
        return read_stored_object(out)
    except ValueError as error:
        if out.exists() or solver.out in others:
            raise ValueError(f"{solver.name} wrote no object: {error}{said}") from error
    left = f"It left {', '.join(others)} in its folder" if others else "Its folder is empty"
    raise ValueError(
        f"{solver.name} ended well, but wrote nothing to {{out}}, {solver.out}. {left}: let it "
        f"write to the path that {{out}} stands for.{said}"
    )


def _left_in(folder: Path, out: Path) -> list[str]:
    """Return the names of files that a command has left in its folder."""
    found = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != SCAN_NAME and path != out
    )
    return [*found[:MOST_NAMES], *(["..."] if len(found) > MOST_NAMES else [])]
