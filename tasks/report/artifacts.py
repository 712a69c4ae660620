"""What the Prefect UI shows of a finished run: a table of deltas and a page with small figures."""

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image

from tasks.report.deltas import DIRECTIONS, METRICS, RIVALS
from tasks.report.summary import PARTS

THUMBNAIL_WIDTHS_PX = (1100, 800, 560, 400)
THUMBNAIL_LIMIT_BYTES = 200_000


def delta_table(delta: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per metric, part and rival, in plain Python types."""
    return [
        {
            "metric": METRICS[metric],
            "part": part,
            "against": rival.value,
            "delta": delta["deltas"][f"vs_{rival.value}"][metric][part],
            "direction": DIRECTIONS[metric],
        }
        for metric in METRICS
        for rival in RIVALS
        for part in PARTS
    ]


def report_markdown(digest: str, figures: dict[str, Path]) -> str:
    """Return the digest followed by the figures, each as a small inline picture."""
    parts = [digest]
    for title, path in figures.items():
        encoded = base64.b64encode(thumbnail(path)).decode()
        parts.append(f"## {title}\n\n![{title}](data:image/png;base64,{encoded})\n")
    return "\n".join(parts)


def thumbnail(path: Path) -> bytes:
    """Return a figure as a PNG small enough for an artifact.

    Args:
        path: PNG of any size.

    Returns:
        PNG bytes in 256 colours, as wide as the limit of size allows.
    """
    with Image.open(path) as image:
        figure = image.convert("RGB")
    for width in THUMBNAIL_WIDTHS_PX:
        height = max(1, round(figure.height * min(1.0, width / figure.width)))
        small = figure.resize((min(width, figure.width), height), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        small.quantize(256).save(buffer, format="PNG", optimize=True)
        if buffer.tell() <= THUMBNAIL_LIMIT_BYTES:
            break
    return buffer.getvalue()
