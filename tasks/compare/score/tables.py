"""The tables that people read of a scoring: scores, places, and what objects say of each other."""

from collections.abc import Sequence

from tasks.catalogue.metric import PARTS, VALUE
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.metrics.complex_nrmse import METRIC as NRMSE
from tasks.catalogue.metrics.mae import METRIC as MAE
from tasks.catalogue.metrics.ms_ssim import METRIC as MS_SSIM
from tasks.compare.evaluator import ModelResult
from tasks.compare.score.deviance import DEVIANCE
from tasks.compare.score.score import Scored
from tasks.compare.score.thresholds import THRESHOLDS

DASH = "–"
CROSSING = "frc_half_crossing_per_px"
Table = tuple[list[str], list[list[str]]]


def score_table(found: Scored) -> Table:
    """Return titles and rows of the main scores."""
    columns = [(metric, part) for metric in (MS_SSIM, MAE) for part in PARTS]
    columns += [(NRMSE, VALUE), (METRICS.get(CROSSING), VALUE)]
    header = ["object", *(metric.title(part) for metric, part in columns)]
    rows = [
        [name, *(cell(result.value(metric.name, part)) for metric, part in columns)]
        for name, result in found.results.items()
    ]
    if found.inputs.scan is not None:
        header.append("deviance of the scan [1/px]")
        for row, result in zip(rows, found.results.values(), strict=True):
            row.append(cell(result.value(DEVIANCE)))
    return header, rows


def place_table(found: Scored) -> Table:
    """Return titles and rows of where objects lie, what was done to them and what was removed."""
    header = ["object", "format", "place", "orientation", "pixels", "first pixel (y, x)", "fit"]
    header += ["next best", "rest of the shift [px]"]
    rows = []
    for name, one in found.inputs.placements.items():
        gauge = found.results[name].gauge
        row, column = one.pose.origin
        following = DASH if one.next_correlation is None else cell(one.next_correlation)
        rows.append(
            [
                name,
                found.inputs.formats[name],
                one.source,
                one.pose.orientation.text,
                f"x {one.pose.scale:.5g} ({one.scale_source})",
                f"{row:.2f}, {column:.2f}",
                cell(one.correlation),
                following,
                f"{gauge.shift_px[0]:+.3f}, {gauge.shift_px[1]:+.3f}",
            ]
        )
    return header, rows


def agreement_table(found: Scored) -> Table:
    """Return titles and rows of how far every two objects are apart."""
    header = ["between", "complex NRMSE", "amplitude", "phase [rad]", "FRC area"]
    header += [f"below {name} at [1/px]" for name in THRESHOLDS]
    rows = []
    for pair in found.pairs:
        record = pair.record(found.inputs.pixel_m)
        crossings = [record["frc_crossings"][name]["crossing_per_px"] for name in THRESHOLDS]
        missing = DASH if pair.frc.curve is None else "not crossed"
        rows.append(
            [
                f"{pair.names[0]} and {pair.names[1]}",
                cell(pair.relative_complex),
                cell(pair.amplitude),
                cell(pair.phase_rad),
                cell(pair.frc.area),
                *(missing if at is None else cell(at) for at in crossings),
            ]
        )
    return header, rows


def reasons(results: dict[str, ModelResult]) -> list[str]:
    """Return why values are missing, each reason once, in words."""
    found: dict[str, list[str]] = {}
    for name, result in results.items():
        for reason in dict.fromkeys(result.reasons.values()):
            found.setdefault(reason, []).append(name)
    return [f"{', '.join(names)}: {reason}" for reason, names in found.items()]


def cell(value: float | None) -> str:
    """Return a number for people; a dash for none."""
    return DASH if value is None else f"{value:.4g}"


def text_of(table: Table) -> list[str]:
    """Return a table as lines of text, the first column to the left."""
    header, rows = table
    lines: list[Sequence[str]] = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
