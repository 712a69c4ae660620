"""`ssim_grid_summary.md`: the phase of every dose, view and split at a glance."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from tasks.core.study.hub_layout import DELTA_SUMMARY
from tasks.report.statistics.deltas import METRICS
from tasks.report.statistics.flags import RIVALS
from tasks.report.texts.highlights import DECIMALS
from tasks.report.texts.text_tables import markdown_table, signed

PART = "phase"


def ssim_grid(delta: dict[str, Any], preview: Sequence[str], preview_path: str) -> str:
    """Return the text.

    Args:
        delta: Content of `metrics_delta_summary.json`.
        preview: Lines of `metrics_delta_highlights_preview.txt`.
        preview_path: Where that lies, relative to the hub.
    """
    sources = [PurePosixPath(path).name for path in (DELTA_SUMMARY, preview_path)]
    columns = [(metric, rival.value) for metric in METRICS for rival in RIVALS]
    rows = [
        [
            f"{entry['dose']:g}",
            entry["view"],
            entry["split"],
            str(entry["n_replicates"]),
            *(
                signed(entry["deltas"][f"vs_{rival}"][metric][PART], DECIMALS[metric])
                for metric, rival in columns
            ),
        ]
        for entry in delta["deltas_by_condition"]
    ]
    header = ["dose", "view", "split", "replicates"]
    header += [f"{METRICS[metric]} vs {rival}" for metric, rival in columns]
    return "\n".join(
        [
            "# SSIM grid: phase",
            "",
            f"PtychoPINN minus the other arm, in the phase alone. Rows are of `{sources[0]}`; the "
            f"lines are those of `{sources[1]}`, over the {delta['aggregate_split']} split.",
            "",
            *markdown_table(header, rows),
            "",
            "```",
            *preview,
            "```",
            "",
        ]
    )
