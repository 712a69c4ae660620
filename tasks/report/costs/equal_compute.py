"""PtychoPINN against pty-chi at equal CPU-seconds, from the costs and the iterates of a hub.

The clock is that of the work itself: `n_patterns / patterns_per_s` of `arm_costs.csv`, on as many
processors as the stage kept busy, `cpu_s / wall_s`. The start of a process, which a beamline pays
once, does not count; nor does the training, which stands apart. An epoch of pty-chi costs as much
as any other, so that after a share of its CPU-seconds it has done that share of its epochs; its
error there is interpolated between the iterates that were kept.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from tasks.core.study.arms import Arm
from tasks.core.study.hub_layout import COST_TABLE
from tasks.report.costs.cost_table import read_costs
from tasks.report.costs.costs import ArmCost
from tasks.report.page.curve_files import Curve, read_errors
from tasks.report.page.page_files import PageFiles
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.paired_scores import VALUE, key_of

# What pty-chi's iterates are judged by: the metric and part in tables, the column of the curves.
ERRORS = {
    ("complex_nrmse", VALUE): "complex_nrmse",
    ("mae", "amplitude"): "amplitude_mae",
    ("mae", "phase"): "phase_mae",
}
MATCHED = ("complex_nrmse", VALUE)


@dataclass(frozen=True)
class Race:
    """The two arms on one scan.

    Attributes:
        own_cpu_s: CPU-seconds of PtychoPINN's reconstruction.
        other_cpu_s: CPU-seconds of all epochs of pty-chi.
        training_cpu_s: CPU-seconds of PtychoPINN's training.
        own_errors: PtychoPINN's error by metric and part.
        curves: pty-chi's error over the epoch by metric and part.
    """

    own_cpu_s: float
    other_cpu_s: float
    training_cpu_s: float
    own_errors: Mapping[tuple[str, str], float | None]
    curves: Mapping[tuple[str, str], Curve]

    def delta(self, question: tuple[str, str]) -> float | None:
        """Return PtychoPINN's error minus pty-chi's after the same CPU-seconds; None if unknown."""
        own, curve = self.own_errors.get(question), self.curves[question]
        if own is None:
            return None
        epoch = min(1.0, self.own_cpu_s / self.other_cpu_s) * curve.x[-1]
        return own - float(np.interp(epoch, curve.x, curve.y))

    @property
    def cpu_s_to_match(self) -> float | None:
        """CPU-seconds after which pty-chi is as good as PtychoPINN; None if it never is."""
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
        return self.other_cpu_s * epoch / curve.x[-1]


def read_races(files: PageFiles, jobs: Iterable[Mapping[str, Any]]) -> dict[ComparisonKey, Race]:
    """Return the comparisons whose costs and iterates are known.

    Args:
        files: The hub; what of it cannot be used is noted there.
        jobs: Entries of `jobs` in `metrics_summary.json`.
    """
    costs = files.read(COST_TABLE, read_costs) or []
    known = {(cost.key, cost.model): work_cpu_s(cost) for cost in costs}
    trained = {
        cost.key: cost.training_cpu_s for cost in costs if cost.model == Arm.PTYCHOPINN.value
    }
    races = {}
    for job in jobs:
        key = key_of(job)
        own, other = (known.get((key, arm.value)) for arm in (Arm.PTYCHOPINN, Arm.PTYCHI))
        curves = _curves(files, key)
        if own and other and curves is not None:
            races[key] = Race(own, other, trained[key], _own_errors(job), curves)
    return races


def work_cpu_s(cost: ArmCost) -> float | None:
    """Return the CPU-seconds of the work itself for one scan; None if the table does not tell."""
    if not cost.n_patterns or not cost.patterns_per_s or cost.wall_s <= 0:
        return None
    return cost.cpu_s * min(1.0, cost.n_patterns / cost.patterns_per_s / cost.wall_s)


def cost_entry(races: Sequence[Race]) -> dict[str, Any]:
    """Return what a condition's scans cost both arms, the mean over its replicates.

    Args:
        races: Of every replicate; none where costs are not known.
    """
    to_match = [race.cpu_s_to_match for race in races]
    matched = [seconds for seconds in to_match if seconds is not None]
    means = {
        name: fmean(getattr(race, name) for race in races) if races else None
        for name in ("own_cpu_s", "other_cpu_s", "training_cpu_s")
    }
    entry = {
        "n_replicates": len(races),
        "n_replicates_matched": len(matched),
        "ptychopinn_cpu_s": means["own_cpu_s"],
        "ptychi_cpu_s": means["other_cpu_s"],
        "training_cpu_s": means["training_cpu_s"],
        "ptychi_cpu_s_to_match": None,
        "cpu_ratio_at_equal_error": None,
        "scans_to_pay_training": None,
    }
    own_s, training_s = means["own_cpu_s"], means["training_cpu_s"]
    if own_s and training_s is not None and len(matched) == len(races):
        match_s = fmean(matched)
        entry |= {"ptychi_cpu_s_to_match": match_s, "cpu_ratio_at_equal_error": match_s / own_s}
        if match_s > own_s:
            entry["scans_to_pay_training"] = math.ceil(training_s / (match_s - own_s))
    return entry


def _own_errors(job: Mapping[str, Any]) -> dict[tuple[str, str], float | None]:
    """Return PtychoPINN's errors of one comparison."""
    rows = {row["metric"]: row for row in job["metrics"] if row["model"] == Arm.PTYCHOPINN.value}
    return {(m, part): rows[m][part] if m in rows else None for m, part in ERRORS}


def _curves(files: PageFiles, key: ComparisonKey) -> dict[tuple[str, str], Curve] | None:
    """Return pty-chi's errors over its epochs; None where they are not known."""
    path = f"{key.analysis_folder}/convergence.csv"

    def read(place: Path) -> dict[str, dict[str, Curve]]:
        return read_errors(place, tuple(ERRORS.values()))

    by_column = files.read(path, read) or {}
    found = {
        what: by_column.get(column, {}).get(Arm.PTYCHI.value) for what, column in ERRORS.items()
    }
    curves = {what: curve for what, curve in found.items() if curve is not None and curve.x[-1] > 0}
    return curves if len(curves) == len(ERRORS) else None
