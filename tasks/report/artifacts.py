"""What the Prefect UI shows of a finished run: a table of deltas and a page with small figures."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from tasks.core.validity import PARTS
from tasks.report.deltas import DIRECTIONS, METRICS
from tasks.report.flags import RIVALS, flags_between
from tasks.report.interval_texts import interval_text

THUMBNAIL_WIDTH_PX = 900
THUMBNAIL_QUALITIES = (85, 70, 50, 30)
THUMBNAIL_LIMIT_BYTES = 200_000


def delta_table(
    delta: dict[str, Any], flags: Sequence[Mapping[str, str]] = ()
) -> list[dict[str, Any]]:
    """Return one row per metric, part and rival, in plain Python types.

    Args:
        delta: Content of `metrics_delta_summary.json`.
        flags: Those of `metrics_summary.json`.
    """
    return [
        {
            "metric": METRICS[metric],
            "part": part,
            "against": rival.value,
            "delta": delta["deltas"][f"vs_{rival.value}"][metric][part],
            "interval": interval_text(delta["intervals"][f"vs_{rival.value}"][metric][part]),
            "verdict": delta["intervals"][f"vs_{rival.value}"][metric][part]["verdict"],
            "direction": DIRECTIONS[metric],
            "flags": "; ".join(flags_between(flags, rival)),
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
        parts.append(f"## {title}\n\n![{title}](data:image/jpeg;base64,{encoded})\n")
    return "\n".join(parts)


def thumbnail(path: Path) -> bytes:
    """Return a figure as a JPEG small enough for an artifact.

    Args:
        path: Picture of any size.

    Returns:
        JPEG bytes, at most 900 px wide, in the best quality that the limit of size allows.
    """
    with Image.open(path) as image:
        figure = image.convert("RGB")
    figure.thumbnail((THUMBNAIL_WIDTH_PX, figure.height), Image.Resampling.LANCZOS)
    for quality in THUMBNAIL_QUALITIES:
        buffer = io.BytesIO()
        figure.save(buffer, format="JPEG", quality=quality)
        if buffer.tell() <= THUMBNAIL_LIMIT_BYTES:
            break
    return buffer.getvalue()
