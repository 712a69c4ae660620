"""A few epochs of pty-chi from an object, in a process of their own.

TensorFlow, which this process has loaded, and torch never share one.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tasks.core.study.stage_record import Progress, StageFiles
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.ptychi_stage import iterate


def refine_object(
    params: PtyChiParams, inputs: dict[str, Path], out: Path, scratch: Path, progress: Progress
) -> dict[str, Any]:
    """Let pty-chi go on from an object.

    Args:
        params: Epochs and device.
        inputs: `scan` (CXI), `view` (JSON) and `initial` (HDF5), the object to start from.
        out: The refined object (HDF5).
        scratch: Folder for what a run keeps beside it.
        progress: Told after each epoch, in the other process; a function of a module.

    Returns:
        The facts of the stage.

    Raises:
        ValueError: If the scan cannot be reconstructed.
        FloatingPointError: If the solver diverges.
    """
    names = {"iterates": "iterates.h5", "history": "history.csv", "options": "options.json"}
    outputs = {"reconstruction": out} | {key: scratch / name for key, name in names.items()}
    # A new interpreter: a fork would inherit TensorFlow.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(iterate, params, StageFiles(inputs, outputs), progress).result()
