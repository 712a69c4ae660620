"""The map of a study: the subject minus the other arms over dose and overlap, and where it is even.

It covers the conditions that a hub has comparisons of. A delta that is not known is null, with the
reason where there is one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import ArrayLike

from tasks.catalogue.headline import SOLVER, SUBJECT
from tasks.catalogue.metrics import METRICS
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import CONDITION_MAP
from tasks.report.costs.equal_compute import (
    ERRORS,
    MATCHED,
    EqualComputeCurve,
    cost_entry,
    read_equal_compute,
)
from tasks.report.page.page_files import PageFiles
from tasks.report.records.comparisons import BlockValues, ComparisonKey
from tasks.report.statistics.delta_entries import delta_entries
from tasks.report.statistics.delta_keys import delta_families, told_metrics
from tasks.report.statistics.paired_scores import PairedScores, key_of

Line = list[list[float]]
SCHEMA_VERSION = 1
RESULT, EQUAL_CPU = "result", "equal_cpu"
BASES = {
    RESULT: "The results as they are: each arm with its own effort, the mean over replicates.",
    EQUAL_CPU: "pty-chi stopped after the CPU-seconds of work that "
    f"{SUBJECT.name}'s reconstruction of the scan takes, by the epochs that it has done by then; "
    "the start of processes, the loading of frameworks and "
    f"{SUBJECT.name}'s training do not count.",
}
INTERPOLATION = (
    "Between measured points a delta is taken to be linear in log10 of the dose and in the overlap "
    "ratio; beyond them nothing is said."
)
FROM_INTERVAL = ("kind", "low", "high", "p_holm", "verdict", "reason")
Place = tuple[float, str]
Entry = Mapping[str, Any]


def zero_crossings(doses: Sequence[float], values: Sequence[float | None]) -> list[float]:
    """Return the doses, rising, at which a difference is zero at one overlap.

    Beside a value that is not known nothing is said; a measured zero is given once.
    """
    points = [(float(x), value) for x, value in zip(np.log10(doses), values, strict=True)]
    found = [x for x, value in points if value == 0]
    for (x, value), (next_x, next_value) in pairwise(points):
        if value is not None and next_value is not None and value * next_value < 0:
            found.append(x + (next_x - x) * value / (value - next_value))
    return [float(10**x) for x in sorted(found)]


def zero_lines(doses: Sequence[float], overlaps: Sequence[float], values: ArrayLike) -> list[Line]:
    """Return the lines along which a difference is zero, inside of the measured points.

    Doses and overlaps rise; values have the shape (overlaps, doses), NaN where they are not known.
    Lines are of points [dose, overlap ratio]; there are none where the points span no area.
    """
    if min(len(doses), len(overlaps)) < 2:
        return []
    masked = np.ma.masked_invalid(np.asarray(values, dtype=float))
    generator = contour_generator(np.log10(doses), np.asarray(overlaps), masked, corner_mask=True)
    return [
        [[float(10**x), float(y)] for x, y in np.asarray(line)]
        for line in generator.lines(0.0)
        if len(line) > 1
    ]


def side_of(gains: Sequence[float | None]) -> str | None:
    """Return whether known gains are all `better` than zero, all `worse`, or `mixed`, if any is."""
    known = [gain for gain in gains if gain is not None]
    if not known:
        return None
    if all(gain > 0 for gain in known):
        return "better"
    return "worse" if all(gain < 0 for gain in known) else "mixed"


@dataclass(frozen=True)
class Grid:
    """The measured conditions of one split; doses rise, and overlaps where they are known.

    The overlap of a view is the measured one, the mean over its scans. A comparison is a replicate.
    """

    split: str
    doses: tuple[float, ...]
    views: tuple[str, ...]
    overlaps: tuple[float | None, ...]
    jobs: Mapping[Place, Sequence[Entry]]


def condition_map(
    hub: Path, summary: Mapping[str, Any], blocks: Mapping[ComparisonKey, BlockValues]
) -> dict[str, Any] | None:
    """Return the content of `condition_map.json`; None for a hub of fewer than two conditions."""
    files = PageFiles(hub, str(Path(CONDITION_MAP).parent.as_posix()))
    grid = _grid(files, summary)
    if len(grid.jobs) < 2:
        return None
    known = read_equal_compute(files, (job for jobs in grid.jobs.values() for job in jobs))
    curves = {
        place: [known[key_of(job)] for job in jobs if key_of(job) in known]
        for place, jobs in grid.jobs.items()
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "split": grid.split,
        "doses": list(grid.doses),
        "views": [
            {"view": view, "overlap_ratio": overlap}
            for view, overlap in zip(grid.views, grid.overlaps, strict=True)
        ],
        "bases": BASES,
        "interpolation": INTERPOLATION,
        "maps": [
            *_result_maps(grid, summary["aggregate_metrics"], blocks),
            *_equal_cpu_maps(grid, curves),
        ],
        "costs": [
            {"dose": dose, "view": view} | cost_entry(found)
            for (dose, view), found in curves.items()
        ],
        "gaps": list(dict.fromkeys(files.problems)),
    }


def _grid(files: PageFiles, summary: Mapping[str, Any]) -> Grid:
    """Return the conditions of the headline split, or of the first one where it is of all."""
    splits = sorted({job["split"] for job in summary["jobs"]})
    headline = summary["aggregate_split"]
    split = headline if headline in splits else next(iter(splits), headline)
    jobs: dict[Place, list[Entry]] = {}
    for job in summary["jobs"]:
        if job["split"] == split:
            jobs.setdefault((job["dose"], job["view"]), []).append(job)
    overlaps = {
        view: _overlap_ratio(
            files, [j for (_, v), found in jobs.items() if v == view for j in found]
        )
        for view in sorted({view for _, view in jobs})
    }
    views = sorted(overlaps, key=lambda view: (overlaps[view] or 0.0, view))
    return Grid(
        split,
        tuple(sorted({dose for dose, _ in jobs})),
        tuple(views),
        tuple(overlaps[view] for view in views),
        dict(sorted(jobs.items())),
    )


def _overlap_ratio(files: PageFiles, jobs: Iterable[Entry]) -> float | None:
    """Return the mean measured overlap of some comparisons; None if one is not known."""
    folders = [key.place.view_folder(key.split) for key in map(key_of, jobs)]
    found = [files.read(f"{folder}/overlap_metrics.json", _read_overlap) for folder in folders]
    known = [overlap for overlap in found if overlap is not None]
    return fmean(known) if found and len(known) == len(found) else None


def _read_overlap(path: Path) -> float:
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("overlap_ratio"), float):
        raise ValueError("it has no number overlap_ratio")
    return float(content["overlap_ratio"])


def _result_maps(
    grid: Grid, means: Mapping[str, Any], blocks: Mapping[ComparisonKey, BlockValues]
) -> Iterator[dict[str, Any]]:
    """Yield the maps of the results: the metrics that deltas are told of, and the complex error."""
    told = told_metrics(means)
    families, names = delta_families(means, told), {metric.name for metric in told}
    found = {
        place: {
            (entry["against"], entry["metric"], entry["part"]): entry
            for entry in delta_entries(PairedScores.of(jobs, blocks), families)
            if entry["metric"] in names or (entry["metric"], entry["part"]) == MATCHED
        }
        for place, jobs in grid.jobs.items()
    }
    for which in next(iter(found.values())):
        cells = {
            place: {name: entries[which][name] for name in ("delta", *FROM_INTERVAL)}
            for place, entries in found.items()
        }
        yield _map(grid, RESULT, which, cells)


def _equal_cpu_maps(
    grid: Grid, curves: Mapping[Place, Sequence[EqualComputeCurve]]
) -> Iterator[dict[str, Any]]:
    """Yield the maps at equal CPU-seconds; of a condition all replicates must be known."""
    for error in ERRORS:
        cells = {}
        for place, jobs in grid.jobs.items():
            deltas = [curve.delta(error) for curve in curves[place]]
            known = [delta for delta in deltas if delta is not None]
            is_whole = len(known) == len(jobs)
            reason = None if is_whole else "costs, iterates or an error are missing"
            cells[place] = {"delta": fmean(known) if is_whole else None, "reason": reason}
        yield _map(grid, EQUAL_CPU, (SOLVER.name, *error), cells)


def _map(
    grid: Grid, basis: str, which: tuple[str, str, str], cells: Mapping[Place, dict[str, Any]]
) -> dict[str, Any]:
    """Return one map with its cells and where the subject is even with the other arm."""
    against, metric, part = which
    sign = 1 if METRICS.get(metric).higher_is_better else -1
    gains = {
        place: None if cell["delta"] is None else cell["delta"] * sign
        for place, cell in cells.items()
    }
    rows = [[gains.get((dose, view)) for dose in grid.doses] for view in grid.views]
    overlaps = [overlap for overlap in grid.overlaps if overlap is not None]
    is_placed = len(set(overlaps)) == len(grid.views)
    values = np.array([[np.nan if gain is None else gain for gain in row] for row in rows])
    return {
        "basis": basis,
        "against": against,
        "metric": metric,
        "part": part,
        "direction": METRICS.get(metric).direction,
        "cells": [
            {"dose": dose, "view": view, "n_replicates": len(grid.jobs[dose, view]), **cell}
            for (dose, view), cell in cells.items()
        ],
        "side": side_of(list(gains.values())),
        "crossings": [
            {"view": view, "doses": zero_crossings(grid.doses, row)}
            for view, row in zip(grid.views, rows, strict=True)
        ],
        "break_even": zero_lines(grid.doses, overlaps, values) if is_placed else [],
    }
