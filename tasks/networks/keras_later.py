"""Keras, imported when it is first used: forms and plans show the networks without it."""

from importlib import import_module
from typing import Any


class _Later:
    """A module that is imported when the first of its names is asked for."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        """Return a name of the module, and keep it."""
        value = getattr(import_module(self._module), name)
        setattr(self, name, value)
        return value


keras: Any = _Later("keras")
layers: Any = _Later("keras.layers")
ops: Any = _Later("keras.ops")
