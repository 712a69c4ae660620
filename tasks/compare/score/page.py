"""The page of a scoring: one HTML file that needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.compare.score.agreement import SAME_PATTERNS
from tasks.compare.score.score import Scored
from tasks.compare.score.tables import (
    agreement_table,
    cell,
    place_table,
    reasons,
    score_table,
)
from tasks.compare.score.thresholds import THRESHOLDS
from tasks.core.files.atomic_files import write_text
from tasks.core.files.metrics_table import COLUMNS, MetricRow

TEMPLATES = Path(__file__).parent / "templates"


def write_page(
    path: Path,
    found: Scored,
    rows: Sequence[MetricRow],
    record: Mapping[str, Any],
    pictures: Mapping[str, Path],
) -> None:
    """Write the page, whole or not at all; pictures are files of PNG by what they show."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    metrics = [
        [row.model, row.metric, *(cell(value) for value in (row.amplitude, row.phase, row.value))]
        for row in rows
    ]
    text = environment.get_template("score.html.j2").render(
        names=list(found.files.objects),
        against=found.against,
        summary=summary_of(found),
        flags=[f"{name}: {flag}" for name, flags in record["flags"].items() for flag in flags],
        scores=score_table(found),
        reasons=reasons(found.results),
        places=place_table(found),
        agreement=agreement_table(found),
        same_patterns=SAME_PATTERNS,
        thresholds=[(name, meaning) for name, (_, meaning) in THRESHOLDS.items()],
        pictures=[
            (what, base64.b64encode(picture.read_bytes()).decode())
            for what, picture in pictures.items()
        ],
        files=[(name, one["file"], one["sha256"]) for name, one in record["files"].items()],
        metrics=(list(COLUMNS), metrics),
    )
    write_text(path, text)


def summary_of(found: Scored) -> str:
    """Return what was scored, in a sentence or two."""
    region = found.evaluator.region
    rows, columns = found.evaluator.reference.rectangle
    where = "that all objects hold" if found.inputs.scan is None else "that the scan lights"
    n_objects = len(found.files.objects)
    margin = f"further than {found.params.erosion_px:g} px from all others"
    return (
        f"{n_objects} object{'' if n_objects == 1 else 's'}, held against {found.against} in "
        f"{int(region.mask.sum())} pixels {where}, {margin}. SSIM, MS-SSIM and FRC look at the "
        f"largest rectangle inside, {rows.stop - rows.start} x {columns.stop - columns.start} px."
    )
