"""What a reader must know before believing a table: one set of rules for every report.

The rules look at nothing but the rows of `comparison_metrics.csv`, so that a table from another
program is read as our own. A rule whose rows are missing says nothing.
"""

from collections.abc import Iterable, Mapping

from tasks.catalogue.headline import SUBJECT
from tasks.catalogue.metric import PARTS, VALUE, Metric
from tasks.catalogue.metrics.diagnostics import (
    BY_SEARCH,
    CONJUGATED,
    DOUBLING_GAIN,
    FIT,
    MIRRORED,
    OTHER_SAMPLE,
    OTHER_VIEW,
    SCALE,
    TRAINED_DOSE,
    TRAINED_PROBE,
    TURN,
)
from tasks.catalogue.metrics.mae import METRIC as MAE
from tasks.catalogue.metrics.ms_ssim import METRIC as MS_SSIM
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.reconstructions.flat import RECONSTRUCTION as FLAT
from tasks.core.files.metrics_table import MetricRow

# The metrics that say who is better, the first one where it has a value.
DECIDING = (MS_SSIM, MAE)
LEAST_COVERAGE_FRACTION = 0.95
LARGEST_DOUBLING_GAIN = 0.05
NOT_BETTER = "does not beat the flat image"

Table = Mapping[tuple[str, str], MetricRow]


def table_of(rows: Iterable[MetricRow]) -> dict[tuple[str, str], MetricRow]:
    """Return rows by model and metric."""
    return {(row.model, row.metric): row for row in rows}


def flags_of(model: str, table: Table) -> list[str]:
    """Return what is wrong with the scores of a reconstruction, as sentences without full stop."""
    found = []
    if _value(table, model, "gauge_at_bound"):
        found.append("the gauge's shift is at its bound")
    elif _value(table, model, "gauge_shift_determined") == 0:
        found.append("the gauge's shift is not determined: too little detail of the truth")
    coverage = _value(table, model, "coverage_fraction")
    if coverage is not None and coverage < LEAST_COVERAGE_FRACTION:
        found.append(
            f"its window holds {coverage:.1%} of the region, under {LEAST_COVERAGE_FRACTION:.0%}"
        )
    # What has the epochs that it is asked for need not converge.
    entry = RECONSTRUCTIONS.entries.get(model)
    converges = entry is not None and entry.converges
    gain = _value(table, model, DOUBLING_GAIN.name) if converges else None
    if gain is not None and gain > LARGEST_DOUBLING_GAIN:
        found.append(
            f"the solver had not converged: twice the epochs would lower the complex error by "
            f"about {gain:.0%}"
        )
    return [
        *found,
        *_of_another_training(table, model),
        *_of_placement(table, model),
        *_lost_sentences(table, model),
    ]


def not_better_in(what: str) -> str:
    """Return the flag of a model that does not beat the flat image in something."""
    return f"{NOT_BETTER} in {what}"


def lost_in(flag: str) -> str | None:
    """Return in what a model does not beat the flat image; None if its flag is another."""
    head = not_better_in("")
    return flag.removeprefix(head) if flag.startswith(head) else None


def _lost_sentences(table: Table, model: str) -> list[str]:
    """Return where a reconstruction does not beat the flat image."""
    return [
        not_better_in(f"{part} {metric}")
        for part in PARTS
        if (metric := _lost_to_flat(table, model, part))
    ]


def _of_another_training(table: Table, model: str) -> list[str]:
    """Return what is different from what its network was trained for, in another hub."""
    dose, likeness = (_value(table, model, row.name) for row in (TRAINED_DOSE, TRAINED_PROBE))
    found = []
    if dose is not None and dose != 1:
        found.append(f"its network was trained at {dose:.3g} times this dose")
    if likeness is not None and likeness < 1:
        found.append(f"its network was trained with a probe that is alike by {likeness:.3f}")
    for row, what in ((OTHER_VIEW, "view"), (OTHER_SAMPLE, "kind of sample")):
        if _value(table, model, row.name):
            found.append(f"its network was trained on another {what}")
    return found


def _of_placement(table: Table, model: str) -> list[str]:
    """Return what was done to an object of another program, but for placing it by its file."""
    is_found, scale = (_value(table, model, row.name) for row in (BY_SEARCH, SCALE))
    done = [f"its pixels were resampled by {scale:.5g}"] if scale not in (None, 1) else []
    if is_found:
        how = [f"turned by {turn:.0f} degrees"] if (turn := _value(table, model, TURN.name)) else []
        how += ["mirrored"] if _value(table, model, MIRRORED.name) else []
        how += ["conjugated"] if _value(table, model, CONJUGATED.name) else []
        fit = _value(table, model, FIT.name)
        done.insert(
            0,
            f"it was found by a search, {' and '.join(how) or 'as it is'}, with a correlation of "
            f"{fit:.2f}",
        )
    return done


def disagreements(table: Table, other: Reconstruction) -> list[str]:
    """Return where MS-SSIM and MAE differ on whether the headline's subject is better."""
    found = []
    for part in PARTS:
        similarity, error = (
            _gain(table, metric, part, (SUBJECT.name, other.name)) for metric in DECIDING
        )
        if similarity is not None and error is not None and similarity * error < 0:
            winner = SUBJECT if similarity > 0 else other
            found.append(
                f"{MS_SSIM.label} and {MAE.label} disagree in {part}: {MS_SSIM.label} speaks for "
                f"{winner.name}, {MAE.label} against it"
            )
    return found


def _lost_to_flat(table: Table, model: str, part: str) -> str | None:
    """Return the metric in which the flat image is as good: MS-SSIM, or MAE where it has none."""
    for metric in DECIDING:
        gain = _gain(table, metric, part, (model, FLAT.name))
        if gain is not None:
            return metric.name if gain <= 0 else None
    return None


def _gain(table: Table, metric: Metric, part: str, models: tuple[str, str]) -> float | None:
    """Return by how much the first of two models is better; None if either has no value."""
    own, other = (_value(table, model, metric.name, part) for model in models)
    if own is None or other is None:
        return None
    return own - other if metric.higher_is_better else other - own


def _value(table: Table, model: str, metric: str, part: str = VALUE) -> float | None:
    """Return the value of a metric of a model; None if there is none."""
    row = table.get((model, metric))
    return None if row is None else getattr(row, part)
