"""What a measured run says without a truth: held-out deviance and resolution of every arm.

Held-out patterns are predicted by an object that was made without them: the lower the deviance, the
better the object. Intervals are over seeds, or of one seed over blocks of the test patterns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from tasks.catalogue.headline import arms_named
from tasks.catalogue.metric import VALUE
from tasks.catalogue.metrics.truth_free import DEVIANCE
from tasks.catalogue.quality_flags import lost_in
from tasks.catalogue.reconstructions.flat import RECONSTRUCTION as FLAT
from tasks.report.records.comparison_files import ComparisonFile, Resolution, read_comparison
from tasks.report.statistics.paired_scores import key_of, values_of
from tasks.report.statistics.summary import ALL_SPLITS, KEY, REFERENCE
from tasks.report.statistics.t_intervals import LEAST_N, Interval, mean_difference, t_interval
from tasks.report.statistics.told import told_means

RECORD_NAME = "comparison.json"


@dataclass(frozen=True)
class Evidence:
    """What the comparisons of the headline split say without a truth.

    Attributes:
        arms: Names of the arms that have a deviance, the lowest first.
        deviances: Mean deviance per pixel of held-out patterns, of arms and flat image.
        samples: What intervals are over: a value a seed, or a block of the only seed.
        is_over_seeds: Which of both.
        resolutions: Half a period of each arm, of the first replicate.
        lost: Arms, and in what distance from the reference they do not beat the flat image.
        needed_scan: Which scan would do, where a comparison has no MS-SSIM.
        why_none: Why no arm has a deviance; empty where one has.
    """

    arms: tuple[str, ...]
    deviances: Mapping[str, float]
    samples: Mapping[str, Sequence[float]]
    is_over_seeds: bool
    resolutions: Mapping[str, Resolution]
    lost: tuple[tuple[str, str], ...]
    needed_scan: str | None
    why_none: str

    @property
    def flat(self) -> float | None:
        """The deviance of the flat image."""
        return self.deviances.get(FLAT.name)

    def interval(self, arm: str, other: str | None = None) -> Interval | None:
        """Return the interval of an arm's deviance, or of its excess over another's, if any."""
        own = self.samples.get(arm, ())
        base = [0.0] * len(own) if other is None else self.samples.get(other, ())
        if len(own) < LEAST_N or len(base) != len(own):
            return None
        return t_interval(mean_difference(own, base))


def read_evidence(hub: Path, summary: Mapping[str, Any]) -> Evidence | None:
    """Return what a hub says without a truth; None of simulated scans, or without comparisons.

    Raises:
        ValueError: If a `comparison.json` is not valid.
    """
    split = summary["aggregate_split"]
    jobs = [job for job in summary["jobs"] if split in (ALL_SPLITS, job["split"])]
    if summary.get(KEY) != REFERENCE or not jobs:
        return None
    told = [arm.name for arm in arms_named(told_means(summary["aggregate_metrics"], summary))]
    values = _shared_deviances(jobs, (*told, FLAT.name))
    deviances = {name: fmean(found) for name, found in values.items()}
    arms = sorted((arm for arm in told if arm in deviances), key=lambda arm: deviances[arm])
    paths = [hub / key_of(job).analysis_folder / RECORD_NAME for job in jobs]
    records = [read_comparison(path) for path in paths if path.is_file()]
    resolutions = next((one.resolution.models for one in records if one.resolution), {})
    is_over_seeds = len(jobs) >= LEAST_N and len({key_of(job).condition for job in jobs}) == 1
    return Evidence(
        tuple(arms),
        deviances,
        values if is_over_seeds else _blocks(records),
        is_over_seeds,
        {arm: resolutions[arm] for arm in told if arm in resolutions},
        _lost(summary, jobs, told),
        next((one.needed_scan for one in records if one.needed_scan), None),
        "" if arms else _why_none(records, told),
    )


def _shared_deviances(
    jobs: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, list[float]]:
    """Return the deviances of every comparison, of the models that have one in each."""
    tables = [values_of((*job["metrics"], *job["controls"])) for job in jobs]
    found = {name: [table.get((name, DEVIANCE.name, VALUE)) for table in tables] for name in names}
    return {
        name: [value for value in values if value is not None]
        for name, values in found.items()
        if None not in values
    }


def _blocks(records: Sequence[ComparisonFile]) -> dict[str, list[float]]:
    """Return the deviances of the only comparison by block, of the blocks that all models have."""
    if len(records) != 1 or records[0].held_out is None:
        return {}
    by_model = records[0].held_out.deviance_per_px
    rows = [row for row in zip(*by_model.values(), strict=True) if None not in row]
    return {
        model: [value for row in rows if (value := row[place]) is not None]
        for place, model in enumerate(by_model)
    }


def _lost(
    summary: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], told: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Return where an arm is no nearer to the reference than the flat image."""
    folders = {key_of(job).analysis_folder for job in jobs}
    found = [
        (flag["model"], what)
        for flag in summary["flags"]
        if f"analysis/{flag['job']}" in folders
        and flag["model"] in told
        and (what := lost_in(flag["flag"]))
    ]
    return tuple(dict.fromkeys(found))


def _why_none(records: Sequence[ComparisonFile], told: Sequence[str]) -> str:
    reasons = (one.undefined.get(arm, {}).get(DEVIANCE.name) for one in records for arm in told)
    return next((str(reason) for reason in reasons if reason), "no half sets were reconstructed")
