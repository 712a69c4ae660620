"""What Prefect is shown of a finished run: a table of deltas, a page with figures, and events."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from tasks.catalogue.headline import metrics_among
from tasks.report.history.changes import Change
from tasks.report.records.attempts import interval_record
from tasks.report.statistics.delta_keys import others_told, vs
from tasks.report.statistics.summary import KEY, TRUTH, flags_between
from tasks.report.statistics.told import told_deltas
from tasks.report.texts.interval_texts import interval_text

PUBLISHED_EVENT = "phase-g.delta.published"
REGRESSED_EVENT = "phase-g.delta.regressed"
THUMBNAIL_WIDTH_PX = 900
THUMBNAIL_QUALITIES = (85, 70, 50, 30)
THUMBNAIL_LIMIT_BYTES = 200_000


def delta_table(
    delta: dict[str, Any], flags: Sequence[Mapping[str, str]] = ()
) -> list[dict[str, Any]]:
    """Return one row per metric, arm and part, in plain Python types."""
    rows, told = [], told_deltas(delta)
    for metric in metrics_among(delta["directions"]):
        for other in others_told(told["deltas"]):
            values = told["deltas"][vs(other.name)][metric.name]
            intervals = told["intervals"][vs(other.name)][metric.name]
            for part in metric.parts:
                known = intervals[part]
                rows.append(
                    {
                        "metric": metric.label,
                        "part": part,
                        "against": other.name,
                        "delta": values[part],
                        "interval": interval_text(known),
                        "verdict": known["verdict"],
                        "direction": metric.direction,
                        **({} if delta.get(KEY, TRUTH) == TRUTH else {KEY: delta[KEY]}),
                        "flags": "; ".join(flags_between(flags, other)),
                    }
                )
    return rows


def report_markdown(digest: str, figures: dict[str, Path]) -> str:
    """Return the digest followed by the figures, each as a small inline picture."""
    parts = [digest]
    for title, path in figures.items():
        parts.append(f"## {title}\n\n![{title}]({data_url(path)})\n")
    return "\n".join(parts)


def headline_picture(figures: Mapping[str, Path], split: str) -> dict[str, Path]:
    """Return the picture to show alone, by its title: the first of the split, else the first."""
    of_split = [title for title in figures if title.endswith(f".{split}")]
    return {title: figures[title] for title in [*of_split, *figures][:1]}


def data_url(path: Path) -> str:
    """Return a figure, small, as a URL that holds it: a server of artifacts sees no files."""
    return f"data:image/jpeg;base64,{base64.b64encode(thumbnail(path)).decode()}"


def thumbnail(path: Path) -> bytes:
    """Return a figure as a JPEG small enough for an artifact.

    It is at most 900 px wide, in the best quality that fits; half as wide, again and again, where
    none does.
    """
    with Image.open(path) as image:
        figure = image.convert("RGB")
    width = min(THUMBNAIL_WIDTH_PX, figure.width)
    while True:
        size = (width, max(1, round(figure.height * width / figure.width)))
        small = figure.resize(size, Image.Resampling.LANCZOS)
        for quality in THUMBNAIL_QUALITIES:
            buffer = io.BytesIO()
            small.save(buffer, format="JPEG", quality=quality)
            if buffer.tell() <= THUMBNAIL_LIMIT_BYTES or width == 1:
                return buffer.getvalue()
        width = max(1, width // 2)


def event_resource(hub: Path) -> dict[str, str]:
    """Return the resource that events of a hub are about."""
    return {"prefect.resource.id": f"phase-g.hub.{hub.name}", "prefect.resource.name": hub.name}


def published_payload(delta: dict[str, Any]) -> dict[str, Any]:
    """Return what the event of a publication carries: deltas, and how well they are known."""
    names = ("schema_version", "generated_at", "aggregate_split", "n_replicates", "directions")
    return {
        **{name: delta[name] for name in names},
        "deltas": delta["deltas"],
        "intervals": interval_record(delta),
    }


def regressed_payload(delta: dict[str, Any], regressions: Sequence[Change]) -> dict[str, Any]:
    """Return what the event of a regression carries: what got worse, by how much, how sure."""
    return {
        "generated_at": delta["generated_at"],
        "aggregate_split": delta["aggregate_split"],
        "regressions": [change.as_json for change in regressions],
    }
