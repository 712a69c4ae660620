"""JSON for people: in the order of reading, and what fits on a line stays on it."""

from collections.abc import Sequence
from typing import Any

import orjson

LINE_WIDTH = 100
INDENT = "  "


def pretty_json(content: Any, order: Sequence[str] = ()) -> str:
    """Return JSON as indented text that says exactly what `write_json` would say.

    `write_json` sorts keys by letters, and gives every number a line of its own. Here keys come in
    an order that is given, and a group that fits on a line of 100 characters has one. Equal
    content gives equal text.

    Args:
        content: What `write_json` takes.
        order: Names of keys of any depth, those to come first; the others follow by letters.

    Raises:
        TypeError: If a value is not JSON; NumPy scalars are refused too.
    """
    ranks = {key: rank for rank, key in enumerate(order)}
    return f"{_lines(_ordered(content, ranks), '', 0)}\n"


def _ordered(content: Any, ranks: dict[str, int]) -> Any:
    if isinstance(content, dict):
        keys = sorted(content, key=lambda key: (ranks.get(key, len(ranks)), key))
        return {key: _ordered(content[key], ranks) for key in keys}
    if isinstance(content, list):
        return [_ordered(item, ranks) for item in content]
    return content


def _lines(content: Any, indent: str, n_taken: int) -> str:
    """Return a value whose first line has `n_taken` characters before it."""
    compact = _on_one_line(content)
    is_group = isinstance(content, (dict, list)) and len(content) > 0
    if not is_group or n_taken + len(compact) <= LINE_WIDTH:
        return compact
    inner = indent + INDENT
    if isinstance(content, dict):
        names = [f"{inner}{_scalar(key)}: " for key in content]
        opening, closing, members = "{", "}", list(content.values())
    else:
        names = [inner] * len(content)
        opening, closing, members = "[", "]", content
    lines = [
        f"{name}{_lines(value, inner, len(name) + 1)}"
        for name, value in zip(names, members, strict=True)
    ]
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _on_one_line(content: Any) -> str:
    if isinstance(content, dict):
        return (
            "{"
            + ", ".join(f"{_scalar(key)}: {_on_one_line(item)}" for key, item in content.items())
            + "}"
        )
    if isinstance(content, list):
        return "[" + ", ".join(_on_one_line(item) for item in content) + "]"
    return _scalar(content)


def _scalar(content: Any) -> str:
    return orjson.dumps(content).decode()
