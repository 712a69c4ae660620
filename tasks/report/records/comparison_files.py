"""The files of comparisons: one's `comparison.json`, the list of all, and their metrics."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from tasks.core.study.hub_layout import COMPARISON_MANIFEST, METRICS_SUMMARY
from tasks.core.study.stage_record import HubPath
from tasks.report.records.record_model import (
    HEADLINE_ARMS,
    Count,
    Dose,
    MayLack,
    Name,
    Needs,
    Number,
    Record,
    Replicate,
    Sha256,
    Text,
    Version,
    read_record,
)

MeasuredAgainst = Literal["truth", "reference", "truth and reference"]
Pair = Annotated[list[Number], Field(min_length=2, max_length=2, description="Along y and x")]
# Over comparisons: a mean is null unless each has the value.
MEANS = ("mean_amplitude", "mean_phase")
Averages = dict[str, Number | None]


class Region(Record):
    """What was scored."""

    sha256: Sha256
    n_scored_px: Count
    scored_fraction: Number = Field(ge=0, le=1)


class GaugeFacts(Record):
    """What was taken from a reconstruction before it was scored, since no detector sees it."""

    factor_abs: Number
    factor_rad: Number
    shift_px: Pair
    ramp_rad_per_px: Pair


class Quality(Record):
    """How many epochs it takes to be as good as another run; null where it never is."""

    final_complex_nrmse: Number
    epochs: int | None
    ptychi_epochs: int | None


class Resolution(Record):
    """Half a period at the crossing of the ring correlation, or why there is none."""

    half_period_px: Number | None
    half_period_nm: Number | None
    reason: str | None


class Resolutions(Record):
    """Resolutions by model, and how they were found."""

    criterion: str
    models: dict[Name, Resolution]


class Difference(Record):
    """How far two arms are apart over the scored pixels."""

    relative_complex_difference: Number
    amplitude_difference: Number
    phase_difference_rad: Number


class ScanGaugeFacts(Record):
    """What separated an object of a command from the patterns that it was given; removed."""

    factor_abs: Number
    ramp_rad_per_px: Pair
    shift_px: Pair
    deviance_per_px: Pair = Field(description="Of the fitted patterns, before and without it")
    n_patterns: int = Field(ge=1, description="Patterns that were fitted")


class PlacementFacts(Record):
    """How an object of another program came into the frame of the scan."""

    source: Literal["from the file", "found"]
    orientation: Text = Field(description="What was done to it, in words")
    is_conjugated: bool
    is_mirrored: bool
    quarter_turns: int = Field(ge=0, le=3, description="Turns by 90 degrees against the clock")
    scale: Number = Field(gt=0, description="Side of its pixels over that of the scan's")
    scale_source: Text
    origin_px: Pair
    correlation: Number
    next_correlation: Number | None = Field(
        description="Of the best other orientation, -1 to 1; null where none was tried"
    )
    note: str
    format: str = Field(description="Format of the file")
    held_against: Literal["truth", "reference"]
    scan_gauge: ScanGaugeFacts | None = Field(
        None, description="Of what a command has made; null where its patterns tell none"
    )


class HeldOut(Record):
    """Deviance per pixel of held-out patterns, by model and block of the test region."""

    n_blocks: Count
    deviance_per_px: dict[Name, list[Number | None]] = Field(
        description="Blocks by rows from the top left; null where none was predicted"
    )


class ComparisonFile(Record):
    """Region, gauge, flags, and why a value is undefined."""

    model_config = ConfigDict(title="comparison.json of a comparison")

    schema_version: Version = 1
    models: list[Name] = Field(min_length=1)
    missing_arms: list[Name]
    params: dict[str, Any]
    measured_against: MeasuredAgainst = "truth"
    region: Region
    data_range: Annotated[dict[str, Number], Needs(("amplitude", "phase_rad"))] = Field(
        description="Largest minus smallest true value inside of the region"
    )
    gauge: dict[Name, GaugeFacts]
    flags: dict[Name, list[Text]]
    undefined: dict[str, Any] = Field(description="Why a value is missing, by model and metric")
    iterations_to_quality: dict[Name, Quality] = Field({}, description="Of learned starts")
    placements: dict[Name, PlacementFacts] = Field({}, description="Of objects of other programs")
    agreement: dict[str, Difference] = Field(
        {}, description="Of every two arms or objects of files, on a measured scan"
    )
    resolution: Resolutions | None = Field(None, description="Of a measured scan")
    held_out: HeldOut | None = Field(None, description="Of a measured scan")
    needed_scan: str | None = Field(
        None, description="Which measured scan would do, where the region is too small for MS-SSIM"
    )


def read_comparison(path: Path) -> ComparisonFile:
    """Read `comparison.json`; raises ValueError if it is not one."""
    return read_record(ComparisonFile, path, "Run the same command again: it is made anew.")


class ListedComparison(Record):
    """A comparison, and the table of it."""

    dose: Dose
    view: Text
    split: Text
    replicate: Replicate = 1
    status: Literal["success", "failed"]
    metrics: HubPath
    sha256: Sha256 | None
    models: list[Name]
    missing: list[Name] = Field([], description="Arms that it lacks")


class ComparisonManifest(Record):
    """Every comparison of a hub, and its table."""

    model_config = ConfigDict(title=COMPARISON_MANIFEST)

    schema_version: Version = 1
    n_jobs: Count
    n_success: Count
    n_failed: Count
    comparisons: list[ListedComparison]


class Row(Record):
    """One metric of one model; null for what it has no value of."""

    model: Name
    metric: Name
    amplitude: Number | None
    phase: Number | None
    value: Number | None


class ScoredJob(Record):
    """The metrics of one comparison."""

    dose: Dose
    view: Text
    split: Text
    replicate: Replicate = 1
    metrics: list[Row] = Field(description="Of the arms")
    controls: list[Row] = Field([], description="Of further models")


class Incomplete(Record):
    """A comparison that is there, but lacks an arm."""

    job: Text
    missing: list[Name] = Field(min_length=1)


class Flag(Record):
    """What must be known before the scores of a model are believed."""

    job: Text
    model: Name
    flag: Text


class Means(Record):
    """The headline metrics of one model."""

    ms_ssim: Annotated[Averages, Needs((*MEANS, "best_amplitude", "best_phase"))]
    mae: Annotated[Averages, Needs(MEANS)]


Aggregate = Annotated[dict[Name, Means], Needs(HEADLINE_ARMS)]


class MetricsSummary(Record):
    """Every metric of every comparison, and the means of each arm."""

    model_config = ConfigDict(title=METRICS_SUMMARY)

    schema_version: Version
    n_jobs: Count
    n_success: Count
    n_failed: Count
    failed: list[Text] = Field(description="Comparisons that are not there")
    incomplete: list[Incomplete] = Field([], description="Comparisons that lack an arm")
    jobs: list[ScoredJob]
    aggregate_split: Text = Field(description="Split that the means are over, or all")
    aggregate_metrics: Aggregate
    aggregate_by_split: dict[str, Aggregate]
    arms: MayLack[list[Name]] = Field(None, description="Arms of the run, where it chose them")
    measured_against: MeasuredAgainst = "truth"
    flags: list[Flag]
