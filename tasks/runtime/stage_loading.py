"""Import Keras without the packages that it takes along when it finds them.

Keras imports scikit-learn, pandas and matplotlib where they are installed, for wrappers, tables
and galleries. Nothing here uses those, and they take a third of the time that a stage with a
network needs to start.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

NOT_NEEDED = ("sklearn", "pandas", "matplotlib")


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
