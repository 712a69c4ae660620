"""Texts of a hub without the places of this machine: a hub is read elsewhere, too."""

import re
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def redact_paths(text: str, hub: Path) -> str:
    """Return a text with paths that hold on any machine.

    Files of the hub are named relative to it; what lies in the project, in Python's folders, in
    the folder for temporary files or at a person's home is named from there, such as
    `<project>/tasks/train/stage.py`.

    Args:
        text: What a stage or an exception said.
        hub: The hub.
    """
    for place, name in _places(hub):
        inside = rf"(?<![\w.~>-]){re.escape(place)}"
        text = re.sub(f"{inside}/", f"{name}/" if name else "", text)
        text = re.sub(rf"{inside}(?![\w-])", name or "the hub", text)
    return text


def _places(hub: Path) -> list[tuple[str, str]]:
    """Return folders of this machine with what they are called, the inner before the outer."""
    names = {Path(tempfile.gettempdir()): "<temporary>", Path.home(): "~"}
    names |= {Path(sys.base_prefix): "<python>", Path(sys.prefix): "<python>"}
    names |= {PROJECT: "<project>", hub.absolute(): "", hub.resolve(): ""}
    deep = [(place.as_posix(), name) for place, name in names.items() if place.parent != place]
    return sorted(deep, key=lambda pair: -len(pair[0]))
