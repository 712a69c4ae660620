"""Fingerprint of the code behind a stage: its own module and all of ours that it imports."""

import hashlib
import importlib.util
import sys
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import grimp

PACKAGE = "tasks"
LEFT_OUT = ("tasks.runtime",)
# Each loads the modules of its folder, and of the entry points of a group, by name.
CATALOGUES = {
    "tasks.catalogue.metrics": "phase_g.metrics",
    "tasks.catalogue.reconstructions": "phase_g.reconstructions",
}


@cache
def _import_graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None)


def fingerprinted_modules(module: str) -> list[str]:
    """Return a module and every module of the project that it imports, directly or not.

    Packages on the way count too, since importing a module runs their `__init__`, and with a
    catalogue all of its entries.

    Args:
        module: Dotted name of the module that holds a stage function.

    Returns:
        Sorted dotted names.
    """
    if not module.startswith(f"{PACKAGE}."):
        return [module]
    graph = _import_graph()
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        used = set(graph.find_modules_directly_imported_by(name)) | {name.rpartition(".")[0]}
        if name in CATALOGUES:
            used |= graph.find_children(name)
            found |= _modules_of_packages(CATALOGUES[name])
        waiting |= used - found - {""}
    return sorted(name for name in found if not name.startswith(LEFT_OUT))


def _modules_of_packages(group: str) -> set[str]:
    """Return the modules that installed packages bring a catalogue; broken ones are left out."""
    modules = {point.module for point in entry_points(group=group)}
    return {name for name in modules if name in sys.modules}


@cache
def code_sha256(module: str) -> str:
    """Return the SHA-256 over the source of `fingerprinted_modules`."""
    digest = hashlib.sha256()
    for name in fingerprinted_modules(module):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ValueError(f"The stage module {name} cannot be found. Install the project again.")
        digest.update(name.encode() + b"\0" + Path(spec.origin).read_bytes() + b"\0")
    return digest.hexdigest()
