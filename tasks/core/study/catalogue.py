"""Catalogues: what a parameter can name, each in a file of its own and on a line of a list."""

from collections.abc import Collection
from typing import Any, TypeVar

from pydantic import Field

Thing = TypeVar("Thing")


def catalogue(what: str, *entries: tuple[str, Thing]) -> dict[str, Thing]:
    """Return things by name, in their order; ValueError, which says `what` they are, for twins."""
    found: dict[str, Thing] = {}
    for name, thing in entries:
        if name in found:
            raise ValueError(f"There are two {what}s called {name!r}. Rename one of them.")
        found[name] = thing
    return found


def name_field(default: str, names: Collection[str], description: str) -> Any:
    """Return the field of a parameter that names a thing of a catalogue; a form shows a list."""
    return Field(
        default,
        description=f"{description}: {', '.join(names)}",
        json_schema_extra={"enum": list(names)},
    )


def known_name(name: str, names: Collection[str], what: str) -> str:
    """Return a name that a catalogue has; raises ValueError if it has none of this name."""
    if name not in names:
        raise ValueError(f"Unknown {what} {name!r}. Choose one of: {', '.join(names)}.")
    return name
