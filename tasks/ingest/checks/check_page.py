"""The page of the checks: findings with their cures, and the pictures, in one HTML file."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tasks.core.files.atomic_files import write_text

PICTURES = {
    "patterns_plot": (
        "Patterns",
        "Mean pattern, the largest counts of each pixel, one pattern, and the masked pixels.",
    ),
    "positions_plot": (
        "Positions and probe",
        "Where the exposures lie, how far they overlap, and the first guess of the probe.",
    ),
    "light_plot": ("Over time", "Photons and centre of every pattern, in order of acquisition."),
    "orientation_plot": (
        "Orientation",
        "Phase that the patterns of the middle give in each orientation: the right one fits best "
        "and shows the sample.",
    ),
}


def write_page(
    path: Path, name: str, record: Mapping[str, Any], pictures: Mapping[str, Path]
) -> None:
    """Write the page, whole or not at all.

    Args:
        path: HTML file to write.
        name: Name of the scan's file.
        record: What was found, as JSON (`checks_record`).
        pictures: PNG files under the names of `PICTURES`; they become part of the page.
    """
    environment = Environment(
        loader=PackageLoader("tasks.ingest.checks"), autoescape=True, undefined=StrictUndefined
    )
    shown = [
        (title, caption, base64.b64encode(pictures[key].read_bytes()).decode())
        for key, (title, caption) in PICTURES.items()
    ]
    text = environment.get_template("checks.html.j2").render(
        name=name,
        record=record,
        format=record["provenance"]["measured"]["format"],
        pictures=shown,
    )
    write_text(path, text)
