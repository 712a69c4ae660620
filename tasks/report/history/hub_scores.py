"""The scores of a finished hub, and how well each is known, read to be held against another's."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import METRICS_SUMMARY
from tasks.report.history.changes import Measured
from tasks.report.records.comparison_files import MetricsSummary
from tasks.report.records.comparisons import BlockValues, ComparisonKey, Name, find_blocks
from tasks.report.records.inventory import refuse_no_hub, report_cure
from tasks.report.records.record_model import read_record
from tasks.report.statistics.paired_scores import DeltaKey, PairedScores, estimate_delta, key_of
from tasks.report.statistics.summary import ALL_SPLITS

NOTHING = "nothing"
RECORD_NAME = "manifest.json"
Place = tuple[float, str, str]


@dataclass(frozen=True)
class HubScores:
    """The comparisons of a hub that its headline is over.

    Truths are fingerprints of the true objects, of those comparisons that say.
    """

    hub: Path
    scores: PairedScores
    truths: Mapping[ComparisonKey, str]

    @property
    def conditions(self) -> set[Place]:
        """Dose, view and split of its comparisons."""
        return {key.condition for key in self.scores.tables}

    def over(self, conditions: Collection[Place]) -> "HubScores":
        """Return the same for some of its conditions alone."""
        tables = {k: table for k, table in self.scores.tables.items() if k.condition in conditions}
        return HubScores(self.hub, PairedScores(tables, self.scores.blocks), self.truths)

    def measured(self, wanted: DeltaKey) -> Measured:
        """Return a difference with its interval."""
        found = estimate_delta(self.scores, wanted)
        half_width = found.interval.half_width
        kind = None if half_width is None else found.kind
        return Measured(self.scores.delta(wanted), half_width, kind, found.n)


def read_hub_scores(hub: Path) -> HubScores:
    """Read the scores of a hub; raises ValueError if summary or blocks are missing or damaged."""
    refuse_no_hub(hub)
    cure, path = report_cure(hub), hub / METRICS_SUMMARY
    if not path.is_file():
        raise ValueError(f"The hub {hub} has no {METRICS_SUMMARY}. {cure}")
    summary = read_record(MetricsSummary, path, cure)
    jobs = [job.model_dump() for job in summary.jobs]
    chosen = [job for job in jobs if summary.aggregate_split in (ALL_SPLITS, job["split"])]
    keys = [key_of(job) for job in chosen]
    if len(set(keys)) < len(keys) or not keys:
        raise ValueError(
            f"{path} must have comparisons of the {summary.aggregate_split} "
            f"split, each once, got {len(keys)} of which {len(set(keys))} differ. {cure}"
        )
    scores = _with_nothing(PairedScores.of(chosen, {}), find_blocks(hub))
    return HubScores(hub, scores, _truths(hub, keys))


def _truths(hub: Path, keys: Iterable[ComparisonKey]) -> dict[ComparisonKey, str]:
    """Return the fingerprints that the records of comparisons have of their truths."""
    found = {}
    for key in keys:
        record = hub / key.analysis_folder
        try:
            found[key] = str(read_json(record / RECORD_NAME)["inputs"]["truth"]["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # Tables of other programs have no such record.
    return found


def _with_nothing(
    scores: PairedScores, blocks: Mapping[ComparisonKey, BlockValues]
) -> PairedScores:
    """Return scores in which nothing scores zero, in every comparison and block."""
    return PairedScores(
        {
            key: {**table, **{(NOTHING, *name[1:]): 0.0 for name in table}}
            for key, table in scores.tables.items()
        },
        {key: {**values, **_zeros(values)} for key, values in blocks.items()},
    )


def _zeros(values: BlockValues) -> BlockValues:
    """Return zeros for every metric and part, in each block that any model has it in."""
    found: dict[Name, dict[int, float | None]] = {}
    for (_, metric, part), numbers in values.items():
        found.setdefault((NOTHING, metric, part), {}).update(dict.fromkeys(numbers, 0.0))
    return found
