"""Where two JSON contents differ."""

import math
from collections.abc import Iterator
from typing import Any


def differences(
    recorded: Any, expected: Any, tolerance: float = 0.0, name: str = ""
) -> Iterator[str]:
    """Yield where two JSON contents differ, a sentence a leaf.

    Args:
        recorded: What a file says.
        expected: What it should say.
        tolerance: Largest relative difference of two numbers that are called equal.
        name: Where in the file they lie.
    """
    if isinstance(recorded, dict) and isinstance(expected, dict):
        for key in sorted(recorded.keys() | expected.keys()):
            where = f"{name}.{key}".lstrip(".")
            if key in recorded and key in expected:
                yield from differences(recorded[key], expected[key], tolerance, where)
            else:
                yield f"{where} {'is missing' if key in expected else 'is unknown'}"
    elif isinstance(recorded, list) and isinstance(expected, list):
        if len(recorded) != len(expected):
            yield f"{name} has {len(recorded)} entries, expected {len(expected)}"
            return
        for index, pair in enumerate(zip(recorded, expected, strict=True)):
            yield from differences(*pair, tolerance, f"{name}[{index}]")
    elif not _equal(recorded, expected, tolerance):
        yield f"{name} is {recorded!r}, expected {expected!r}"


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (one, other))
    if numbers:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance**2)
    return type(one) is type(other) and bool(one == other)
