"""Figures that need not be drawn again: each carries the fingerprint of what it shows."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import orjson
from PIL import Image

from tasks.core.files.atomic_files import sha256_of

KEY = "phase-g-content"


def fingerprint_of(content: Any, drawn_by: Iterable[Path]) -> str:
    """Return the fingerprint of what a figure shows and of the code that draws it.

    Args:
        content: What is shown, as JSON.
        drawn_by: Modules that draw it.
    """
    code = [sha256_of(path) for path in drawn_by]
    return hashlib.sha256(orjson.dumps([content, code, mpl.__version__])).hexdigest()


def is_drawn(path: Path, fingerprint: str) -> bool:
    """Tell whether a PNG is whole, by the checksums of its parts, and shows just this.

    Args:
        path: The PNG, which need not be there.
        fingerprint: What it should carry below `KEY`.
    """
    if not path.is_file():
        return False
    try:
        with Image.open(path) as image:
            shows_this = image.format == "PNG" and image.info.get(KEY) == fingerprint
            image.verify()
    except (OSError, SyntaxError, ValueError):
        # What Pillow says of a damaged PNG, by the part that is damaged.
        return False
    return shows_this
