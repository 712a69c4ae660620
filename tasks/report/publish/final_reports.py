"""What is written once an attempt has been recorded: the page for a colleague, and the crate."""

from pathlib import Path

from tasks.report.publish.research_object import write_research_object
from tasks.report.texts.hub_summary import write_hub_summary


def write_closing_reports(hub: Path) -> None:
    """Write `summary/summary.md` and `ro-crate-metadata.json` from what the hub holds now.

    They come last, because they tell of the attempt and of the files as they are left behind.

    Raises:
        ValueError: If the plan or the reports are not what the flow writes.
    """
    write_hub_summary(hub)
    write_research_object(hub)
