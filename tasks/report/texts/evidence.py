"""The first lines of a measured run: what needs no truth, before distances from the reference."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.catalogue.quality_flags import not_better_in
from tasks.report.records.comparison_files import Resolution
from tasks.report.statistics.evidence import Evidence, read_evidence
from tasks.report.texts.text_tables import decimals_of, signed

SECOND = "Distances from the reference come second"
MEANING = {
    True: "Intervals are 95 % t intervals over {n} seeds.",
    False: "Intervals are 95 % t intervals over {n} blocks of the test patterns: they say how "
    "evenly a deviance holds over this sample, and not how it would change with another training.",
}


def evidence_lines(hub: Path, summary: dict[str, Any]) -> list[str]:
    """Return what a measured hub says without a truth, most important first; none of others.

    ValueError if a `comparison.json` is not valid.
    """
    found = read_evidence(hub, summary)
    return [] if found is None else list(lines_of(found))


def lines_of(found: Evidence) -> Iterator[str]:
    """Yield which arms do not beat the flat image, deviances, resolutions, and what is lacking."""
    if lost := _lost_sentences(found):
        yield " ".join(lost)
    if found.arms:
        flat = "" if found.flat is None else f"; the flat image {found.flat:.3f}"
        told = "; ".join(_deviance(found, arm) for arm in found.arms)
        yield f"Held-out deviance per pixel, lower is better: {told}{flat}."
    else:
        yield f"There is no held-out deviance: {found.why_none}."
    if found.resolutions:
        told = "; ".join(f"{arm} {_length(one)}" for arm, one in found.resolutions.items())
        yield f"Resolution, half a period where two halves correlate by 1 / 7: {told}."
    n = len(next(iter(found.samples.values()), ()))
    if found.arms and found.interval(found.arms[0]) is not None:
        yield MEANING[found.is_over_seeds].format(n=n)
    if found.needed_scan:
        yield f"{found.needed_scan}."


def _lost_sentences(found: Evidence) -> list[str]:
    """Return a sentence for each arm that the flat image is as good as."""
    reasons: dict[str, list[str]] = {}
    for arm in found.arms:
        if found.flat is not None and found.deviances[arm] >= found.flat:
            told = (
                f"held-out deviance ({found.deviances[arm]:.3f}, the flat image {found.flat:.3f})"
            )
            reasons.setdefault(arm, []).append(told)
    for arm, what in found.lost:
        reasons.setdefault(arm, []).append(what)
    return [f"{arm} {not_better_in(', '.join(told))}." for arm, told in reasons.items()]


def _deviance(found: Evidence, arm: str) -> str:
    """Return `PtychoPINN 1.208 ± 0.011 (+0.012 over PtyChi, interval +0.008 to +0.016)`."""
    value, lowest = found.deviances[arm], found.arms[0]
    interval = found.interval(arm)
    width = None if interval is None else interval.half_width
    decimals = decimals_of(width)
    text = f"{arm} {value:.{decimals}f}" + ("" if width is None else f" ± {width:.{decimals}f}")
    if arm == lowest:
        return text
    excess, difference = value - found.deviances[lowest], found.interval(arm, lowest)
    wide = None if difference is None else difference.half_width
    places = decimals_of(wide, excess)
    limits = ""
    if wide is not None:
        low, high = signed(excess - wide, places), signed(excess + wide, places)
        limits = f", interval {low} to {high}"
    return f"{text} ({signed(excess, places)} over {lowest}{limits})"


def _length(found: Resolution) -> str:
    if found.half_period_px is None:
        return f"none ({found.reason})"
    nm = "" if found.half_period_nm is None else f" ({found.half_period_nm:.3g} nm)"
    return f"{found.half_period_px:.2f} px{nm}"
