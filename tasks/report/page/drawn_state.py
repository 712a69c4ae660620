"""What need not be drawn again: figures that show the same, and the reports of a hub as it is.

A figure carries the fingerprint of what it shows. Page and figures follow from the program and from
all that was asked of the hub while they were drawn. That is kept beside the run's caches, which
are no evidence: without it everything is drawn.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

import tasks
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import read_json, sha256_of, write_json
from tasks.report.page.page_files import PageFiles

KEY = "phase-g-content"
STATE = ".cache/drawn_reports.json"
LIBRARIES = ("jinja2", "matplotlib", "numpy", "pillow")
SOURCES = (".css", ".j2", ".js", ".py")


def fingerprint_of(content: Any, drawn_by: Iterable[Path]) -> str:
    """Return the fingerprint of what a figure shows and of the code that draws it.

    Args:
        content: What is shown, as JSON.
        drawn_by: Modules that draw it.
    """
    code = [sha256_of(path) for path in drawn_by]
    return hashlib.sha256(orjson.dumps([content, code, version("matplotlib")])).hexdigest()


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


def keep_state(files: PageFiles, drawn: Iterable[str]) -> None:
    """Keep what the reports of a hub were drawn from.

    Args:
        files: The hub, as it was asked while they were drawn.
        drawn: The reports, relative to the hub.
    """
    write_json(files.root / STATE, _state(files, files.asked, drawn))


def has_kept_state(hub: Path) -> bool:
    """Tell whether the reports of a hub are whole, and would be drawn the same once more."""
    try:
        kept = read_json(hub / STATE)
        now = _state(PageFiles(hub, ""), kept["asked"], kept["drawn"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # There is none, or it is damaged.
    return bool(now == kept)


def _state(files: PageFiles, asked: Mapping[str, str], drawn: Iterable[str]) -> dict[str, Any]:
    """Return the program, the answers to what is asked of a hub, and its reports' fingerprints."""
    return {
        "program": program_sha256(),
        "asked": dict(asked),
        "answers": {name: files.answer(name, kind) for name, kind in asked.items()},
        "drawn": {path: sha256_of(files.root / path) for path in drawn},
    }


@cache
def program_sha256() -> str:
    """Return the fingerprint of the program, of its catalogues, and of the libraries that draw."""
    root = Path(tasks.__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.suffix in SOURCES)
    code = [[path.relative_to(root).as_posix(), sha256_of(path)] for path in sources]
    entries = [
        [entry.name, entry.role, entry.learns_from, entry.colour, entry.dark_colour]
        for entry in RECONSTRUCTIONS.entries.values()
    ]
    metrics = [
        [metric.name, metric.family, metric.direction, [metric.title(p) for p in metric.parts]]
        for metric in METRICS.entries.values()
    ]
    libraries = [version(name) for name in LIBRARIES]
    return hashlib.sha256(orjson.dumps([code, entries, metrics, libraries])).hexdigest()
