"""The subject minus the other arms: the numbers that a study is run for, and how well known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.catalogue.headline import SUBJECT, arms_named, others_among, why_no_headline
from tasks.report.records.comparisons import BlockValues, ComparisonKey
from tasks.report.statistics.delta_entries import (
    delta_entries,
    deltas,
    deltas_by_condition,
    intervals,
)
from tasks.report.statistics.delta_keys import (
    Families,
    delta_families,
    families_of,
    keys_of,
    told_metrics,
)
from tasks.report.statistics.paired_scores import DeltaKey, PairedScores
from tasks.report.statistics.summary import ALL_SPLITS, ARMS, KEY, SCHEMA_VERSION, TRUTH
from tasks.report.statistics.t_intervals import CONFIDENCE

# Additive keys of a run that has chosen its arms.
REASON, OF_SUBJECT, OF = "headline_reason", "of_subject", "subject"
Blocks = Mapping[ComparisonKey, BlockValues]


def delta_summary(
    summary: dict[str, Any], source_metrics: str, generated_at: str, blocks: Blocks
) -> dict[str, Any]:
    """Return the content of `metrics_delta_summary.json`.

    These are differences of the aggregate means, the headline's subject minus each other arm, null
    where a value is missing, with their 95 % intervals and verdicts; over the headline split, and
    over each split. `comparisons` has the other metrics too, each family corrected after Holm. Of a
    run that has chosen its arms, `of_subject` has the deltas of its first arm, if it is another.
    """
    means = summary["aggregate_metrics"]
    metrics = told_metrics(means)
    told = [key for other in others_among(means) for key in keys_of((other,), metrics)]
    tables = _Tables.of(summary, blocks)
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": generated_at,
        "source_metrics": source_metrics,
        "aggregate_split": tables.headline,
        KEY: summary.get(KEY, TRUTH),
        "directions": {metric.name: metric.direction for metric in metrics},
        "confidence": CONFIDENCE,
        "n_replicates": len(tables.scores[tables.headline].replicates),
        **tables.told(told, delta_families(means, metrics)),
        **_of_chosen_arms(summary, tables),
    }


def _of_chosen_arms(summary: dict[str, Any], tables: "_Tables") -> dict[str, Any]:
    """Return what is told of a run that has chosen its arms; nothing of others."""
    arms = summary.get(ARMS)
    if arms is None:
        return {}
    subject, *others = arms
    found: dict[str, Any] = {ARMS: arms, OF: subject, REASON: why_no_headline(arms)}
    if subject != SUBJECT.name and others:
        metrics = told_metrics(summary["aggregate_metrics"])
        told = [key for other in arms_named(others) for key in keys_of((other,), metrics, subject)]
        found[OF_SUBJECT] = tables.told(told, families_of(subject, others, metrics))
    return found


@dataclass(frozen=True)
class _Tables:
    """The comparisons of a summary: all of it, and their scores by split."""

    summary: dict[str, Any]
    scores: dict[str, PairedScores]

    @classmethod
    def of(cls, summary: dict[str, Any], blocks: Blocks) -> "_Tables":
        """Take the jobs of a summary, and the blocks of their images."""
        splits = (summary["aggregate_split"], *summary["aggregate_by_split"])
        scores = {
            split: PairedScores.of(
                [job for job in summary["jobs"] if split in (ALL_SPLITS, job["split"])], blocks
            )
            for split in splits
        }
        return cls(summary, scores)

    @property
    def headline(self) -> str:
        """The split that the headline is over."""
        return str(self.summary["aggregate_split"])

    def told(self, told: Sequence[DeltaKey], families: Families) -> dict[str, Any]:
        """Return some deltas in every shape: over the headline split, the others, conditions."""
        splits = self.summary["aggregate_by_split"]
        found = {split: delta_entries(scores, families) for split, scores in self.scores.items()}
        return {
            "deltas": deltas(self.summary["aggregate_metrics"], told),
            "intervals": intervals(found[self.headline], told),
            "comparisons": found[self.headline],
            "deltas_by_condition": deltas_by_condition(self.summary, told),
            "deltas_by_split": {split: deltas(means, told) for split, means in splits.items()},
            "intervals_by_split": {split: intervals(found[split], told) for split in splits},
        }
