"""What a person says of a file beside what the file says: the same changes nothing.

Where they differ, the person is right, since files are wrong at times; it is noted, so that a slip
is seen.
"""

from dataclasses import dataclass
from typing import TypeVar

Choice = TypeVar("Choice")

# Two numbers that differ by less say the same.
SAME = 1e-5


@dataclass(frozen=True)
class Contradiction:
    """An option that says otherwise than the file.

    Attributes:
        option: Name of the option, without its dashes.
        said: What the person says.
        stated: What the file, or its format, says.
        by_format: Whether the format alone says so, and the file nothing.
        is_followed: Whether the person is followed; otherwise the file is.
    """

    option: str
    said: str
    stated: str
    by_format: bool
    is_followed: bool = True


def agreed(
    noted: list[Contradiction],
    option: str,
    said: Choice | None,
    stated: Choice,
    *,
    by_format: bool = True,
) -> Choice:
    """Return what holds of two choices, and note a difference."""
    if said is None or said == stated:
        return stated
    noted.append(Contradiction(option, str(said), str(stated), by_format))
    return said


def differing(
    noted: list[Contradiction], option: str, said: float | None, stated: float | None
) -> float | None:
    """Return what holds of two numbers, and note a difference of more than 1e-5."""
    if said is None or stated is None:
        return said if stated is None else stated
    if abs(said / stated - 1) > SAME:
        noted.append(Contradiction(option, f"{said:.6g}", f"{stated:.6g}", by_format=False))
    return said
