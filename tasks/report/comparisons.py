"""The comparisons that a hub holds, whoever wrote them."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tasks.core.files import read_json
from tasks.core.hub import PLAN
from tasks.core.metrics_table import MetricRow, read_metrics_csv

TABLE_NAME = "comparison_metrics.csv"
_TABLE_PATH = re.compile(
    rf"analysis/dose_(?P<dose>[0-9.e+-]+)/(?P<view>[^/]+)/(?P<split>[^/]+)/{TABLE_NAME}"
)


@dataclass(frozen=True)
class Job:
    """One comparison: a dose, a view and a split.

    Attributes:
        dose: Photons per pattern.
        view: Name of the view.
        split: Name of the split.
        path: Its table, relative to the hub.
        rows: The table; None where the comparison was planned but is not there.
    """

    dose: float
    view: str
    split: str
    path: str
    rows: list[MetricRow] | None

    @property
    def name(self) -> str:
        """Name for texts, such as `dose_1000/dense/test`."""
        return str(PurePosixPath(self.path).parent.relative_to("analysis"))


def read_job(relative: str, path: Path) -> Job:
    """Read one comparison.

    Args:
        relative: Path of its table, relative to the hub.
        path: The same on this machine; a table that is not there makes a failed job.

    Raises:
        ValueError: If the path does not name dose, view and split, or the table is not valid.
    """
    match = _TABLE_PATH.fullmatch(relative)
    if match is None:
        raise ValueError(
            f"A comparison lies in analysis/dose_<photons>/<view>/<split>/{TABLE_NAME}, "
            f"got {relative}."
        )
    dose = float(match["dose"])
    return Job(
        dose=int(dose) if dose.is_integer() else dose,
        view=match["view"],
        split=match["split"],
        path=relative,
        rows=read_metrics_csv(path) if path.is_file() else None,
    )


def find_jobs(hub: Path) -> list[Job]:
    """Return every comparison that a hub holds or has planned, in the order of their paths.

    Raises:
        ValueError: If there is none, or a table is not valid.
    """
    found = {
        path.relative_to(hub).as_posix() for path in hub.glob(f"analysis/dose_*/*/*/{TABLE_NAME}")
    }
    planned = set()
    if (hub / PLAN).is_file():
        outputs = [stage["outputs"].values() for stage in read_json(hub / PLAN)["stages"]]
        planned = {path for paths in outputs for path in paths if path.endswith(f"/{TABLE_NAME}")}
    if not found | planned:
        raise ValueError(
            f"{hub} holds no comparison: no analysis/dose_<photons>/<view>/<split>/{TABLE_NAME}. "
            f"Run the flow in this hub first."
        )
    return [read_job(path, hub / path) for path in sorted(found | planned)]
