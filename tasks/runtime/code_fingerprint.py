"""Fingerprint of the code behind a stage: its own module and all of ours that it imports."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

import grimp

PACKAGE = "tasks"
NOT_SCIENCE = ("tasks.runtime",)
# Each loads the modules of its folder by name.
CATALOGUES = ("tasks.catalogue.metrics", "tasks.catalogue.reconstructions")


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
        used |= graph.find_children(name) if name in CATALOGUES else set()
        waiting |= used - found - {""}
    return sorted(name for name in found if not name.startswith(LEFT_OUT))


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
