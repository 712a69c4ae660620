"""The subject against the solver at equal CPU-seconds, from the costs and the iterates of a hub.

The clock is that of the work itself: `n_patterns / patterns_per_s` of `arm_costs.csv`, on as many
processors as the stage kept busy, `cpu_s / wall_s`. The start of a process, which a beamline pays
once, does not count; nor does the training, which stands apart. An epoch of the solver costs as
much as any other, so that after a share of its CPU-seconds it has done that share of its epochs;
its error there is interpolated between the iterates that were kept.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from tasks.catalogue.headline import ERROR, OBJECT_ERROR, SOLVER, SUBJECT
from tasks.catalogue.metric import VALUE
from tasks.core.study.hub_layout import COST_TABLE
from tasks.report.costs.cost_table import read_costs
from tasks.report.costs.costs import ArmCost
from tasks.report.page.curve_files import Curve, read_errors
from tasks.report.page.page_files import PageFiles
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.paired_scores import key_of

Error = tuple[str, str]
MATCHED: Error = (OBJECT_ERROR.name, VALUE)
# What the solver's iterates are judged by: the metric and part in tables, the column of the curves.
ERRORS: dict[Error, str] = {MATCHED: OBJECT_ERROR.name} | {
    (ERROR.name, part): f"{part}_{ERROR.name}" for part in ERROR.parts
}


@dataclass(frozen=True)
class EqualComputeCurve:
    """The solver's errors over its epochs, and where the subject lies on the same clock.

    CPU-seconds are of the work for one scan, of the solver's for all its epochs. Errors are by
    metric and part.
    """

    own_cpu_s: float
    solver_cpu_s: float
    training_cpu_s: float
    own_errors: Mapping[Error, float | None]
    curves: Mapping[Error, Curve]

    def delta(self, error: Error) -> float | None:
        """Return the subject's error minus the solver's after as many CPU-seconds, if known."""
        own, curve = self.own_errors.get(error), self.curves[error]
        if own is None:
            return None
        epoch = min(1.0, self.own_cpu_s / self.solver_cpu_s) * curve.x[-1]
        return own - float(np.interp(epoch, curve.x, curve.y))

    @property
    def cpu_s_to_match(self) -> float | None:
        """CPU-seconds after which the solver is as good as the subject; None if it never is."""
        own, curve = self.own_errors.get(MATCHED), self.curves[MATCHED]
        if own is None:
            return None
        reached = next((n for n, error in enumerate(curve.y) if error <= own), None)
        if reached is None:
            return None
        epoch = curve.x[0]
        if reached > 0:
            (before, after), (worse, better) = (
                values[reached - 1 : reached + 1] for values in (curve.x, curve.y)
            )
            epoch = before + (after - before) * (worse - own) / (worse - better)
        return self.solver_cpu_s * epoch / curve.x[-1]


def read_equal_compute(
    files: PageFiles, jobs: Iterable[Mapping[str, Any]]
) -> dict[ComparisonKey, EqualComputeCurve]:
    """Return the comparisons whose costs and iterates are known."""
    costs = {(cost.key, cost.model): cost for cost in files.read(COST_TABLE, read_costs) or []}
    found = {}
    for job in jobs:
        key = key_of(job)
        rows = {row["metric"]: row for row in job["metrics"] if row["model"] == SUBJECT.name}
        errors = {(m, part): rows[m][part] if m in rows else None for m, part in ERRORS}
        own, solver = (costs.get((key, arm.name)) for arm in (SUBJECT, SOLVER))
        curves = _solver_curves(files, key)
        if own is None or solver is None or curves is None:
            continue
        own_cpu_s, solver_cpu_s = work_cpu_s(own), work_cpu_s(solver)
        if own_cpu_s and solver_cpu_s:
            found[key] = EqualComputeCurve(
                own_cpu_s, solver_cpu_s, own.training_cpu_s, errors, curves
            )
    return found


def work_cpu_s(cost: ArmCost) -> float | None:
    """Return the CPU-seconds of the work itself for one scan; None if the table does not tell."""
    if not cost.n_patterns or not cost.patterns_per_s or cost.wall_s <= 0:
        return None
    return cost.cpu_s * min(1.0, cost.n_patterns / cost.patterns_per_s / cost.wall_s)


def cost_entry(replicates: Sequence[EqualComputeCurve]) -> dict[str, Any]:
    """Return what a condition's scans cost both arms, the mean over its replicates."""
    to_match = [curve.cpu_s_to_match for curve in replicates]
    matched = [seconds for seconds in to_match if seconds is not None]
    own_s, solver_s, training_s = (
        fmean(getattr(curve, name) for curve in replicates) if replicates else None
        for name in ("own_cpu_s", "solver_cpu_s", "training_cpu_s")
    )
    match_s = ratio = scans = None
    if own_s and training_s is not None and len(matched) == len(replicates):
        match_s = fmean(matched)
        ratio = match_s / own_s
        if match_s > own_s:
            scans = math.ceil(training_s / (match_s - own_s))
    return {
        "n_replicates": len(replicates),
        "n_replicates_matched": len(matched),
        f"{SUBJECT.slug}_cpu_s": own_s,
        f"{SOLVER.slug}_cpu_s": solver_s,
        "training_cpu_s": training_s,
        f"{SOLVER.slug}_cpu_s_to_match": match_s,
        "cpu_ratio_at_equal_error": ratio,
        "scans_to_pay_training": scans,
    }


def _solver_curves(files: PageFiles, key: ComparisonKey) -> dict[Error, Curve] | None:
    """Return the solver's errors over its epochs; None where they are not known."""
    columns = tuple(ERRORS.values())
    path = f"{key.analysis_folder}/convergence.csv"
    by_column = files.read(path, lambda place: read_errors(place, columns)) or {}
    found = {error: by_column.get(column, {}).get(SOLVER.name) for error, column in ERRORS.items()}
    curves = {error: c for error, c in found.items() if c is not None and c.x[-1] > 0}
    return curves if len(curves) == len(ERRORS) else None
