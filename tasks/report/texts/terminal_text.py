"""The block on the terminal."""

from typing import Any

from tasks.report.records.measured_against import labelled
from tasks.report.texts.highlights import highlight_lines
from tasks.report.texts.interval_texts import compact_lines


def terminal_block(delta: dict[str, Any]) -> list[str]:
    """Return the deltas for the terminal, three decimals each, and their intervals."""
    return [
        f"Deltas over the {delta['aggregate_split']} split",
        *labelled(highlight_lines(delta["deltas"], mae_decimals=3), delta),
        *compact_lines(delta),
    ]
