"""Which code a network is made of: a fingerprint that a model keeps, and a later version checks.

Weights mean something to the code that they were trained with. Comments, docstrings and layout of
the source do not count; every other change does.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What a whole scan goes through, from the counts to the object, and all of these that they import.
ROOTS = (
    "tasks.networks.architectures",
    "tasks.networks.batches",
    "tasks.networks.canvas_network",
    "tasks.networks.initial_guess",
)
PACKAGES = ("tasks.networks", "tasks.core.physics", "tasks.core.geometry")


@cache
def network_code_sha256() -> str:
    """Return the SHA-256 over the statements of all modules that a prediction goes through."""
    digest = hashlib.sha256()
    for module, tree in sorted(_modules().items()):
        digest.update(f"\n{module}\n".encode())
        digest.update("\n".join(_words(tree)).encode())
    return digest.hexdigest()


def network_modules() -> list[str]:
    """Return the dotted names of these modules."""
    return sorted(_modules())


def _modules() -> dict[str, ast.Module]:
    found: dict[str, ast.Module] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if name in found or path is None:
            continue
        found[name] = ast.parse(path.read_bytes())
        for node in ast.walk(found[name]):
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                waiting += [module for module in named if module.startswith(PACKAGES)]
    return found


def _file_of(module: str) -> Path | None:
    """Return the file of a module or package of ours; None where the name is none."""
    place = PROJECT.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in files if path.is_file()), None)


def _words(tree: ast.AST) -> Iterator[str]:
    """Yield what a tree says, in one order on every version of Python; without docstrings."""
    waiting: list[ast.AST | str] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
            continue
        yield type(node).__name__
        members: list[ast.AST | str] = []
        for field, value in ast.iter_fields(node):
            for member in value if isinstance(value, list) else [value]:
                if isinstance(member, ast.AST) and not _is_text(member):
                    members += [field, member]
                elif member is not None and not isinstance(member, ast.AST):
                    members.append(f"{field}={member!r}")
        waiting += [*reversed(members)]


def _is_text(node: ast.AST) -> bool:
    """Tell whether a statement is a text that does nothing, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
