"""What stages compute with, loaded before they start: their modules, and Keras on its framework.

Keras imports scikit-learn, pandas and matplotlib where they are installed, for wrappers, tables
and galleries. Nothing here uses those, and they take a third of the time that a stage with a
network needs to start.
"""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tasks.core.study.stage_record import StageCall

NOT_NEEDED = ("sklearn", "pandas", "matplotlib")
BACKEND = "backend"  # a parameter of the stages that use Keras
# What stages import late, for whoever imports them not to load torch.
IMPORTED_LATE = {
    "tasks.reconstruct.ptychi_stage": "tasks.reconstruct.ptychi_solver",
    "tasks.reconstruct.reference_stage": "tasks.reconstruct.probe_refinement",
}
SOLVER = "solver"
PLAIN = "plain"


def module_of(call: StageCall) -> str:
    """Return the module of a stage's function."""
    return call.function.partition(":")[0]


def backend_of(call: StageCall) -> str | None:
    """Return the framework that a stage needs Keras on, if any."""
    return str(call.params[BACKEND]) if BACKEND in call.params else None


def kind_of(call: StageCall) -> str:
    """Return what a stage has to load: a backend of Keras, the solver's framework or neither."""
    return backend_of(call) or (SOLVER if module_of(call) in IMPORTED_LATE else PLAIN)


def load(modules: Iterable[str], backend: str | None) -> None:
    """Load what stages compute with: Keras on its backend, if any, and modules of functions.

    No stage is charged for it, by its clock or in CPU-seconds. ImportError if one is not there.
    """
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend  # it cannot be changed any more in this process
        import_keras()
    for name in modules:
        importlib.import_module(name)
        if name in IMPORTED_LATE:
            importlib.import_module(IMPORTED_LATE[name])


def import_keras() -> None:
    """Import Keras, its backend too, by itself; what it does without can be imported later."""
    with _out_of_reach(NOT_NEEDED):
        import keras  # noqa: F401


@contextmanager
def _out_of_reach(names: tuple[str, ...]) -> Iterator[None]:
    """Let packages that are not loaded yet seem not to be installed."""
    hidden = [name for name in names if name not in sys.modules]
    # None in the place of a module makes the import statement raise ModuleNotFoundError.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
