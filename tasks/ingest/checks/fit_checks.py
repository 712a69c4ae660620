"""Checks of how well the patterns fit the best model of them, and of what would cure a misfit."""

from collections.abc import Iterator

from tasks.ingest.checks import Finding, error, info, warning
from tasks.ingest.preparation.pairing import Pairing
from tasks.orientation.fit_quality import FitQuality

BAD_DISPERSION = 3.0
MUCH_UNEXPLAINED = 0.5


def is_bad(quality: FitQuality) -> bool:
    """Tell whether patterns scatter far more than photons, and half of their differences is left.

    Bright patterns always show faults of the model in units of their small noise, and dim ones
    leave much open before a reconstruction has come to its end, so either alone is no fault.
    """
    return quality.dispersion > BAD_DISPERSION and quality.unexplained > MUCH_UNEXPLAINED


def check_fit(
    quality: FitQuality, cause: tuple[str, float] | None, *, is_explained: bool
) -> Finding:
    """Turn the quality of the best fit into a finding.

    `cause` is the change that makes positions fit; a fit that another finding explains needs none.
    """
    text = (
        f"The counts of the middle patterns vary about their best model {quality.dispersion:.3g} "
        f"times as much as photons do (variance); {quality.unexplained:.0%} of the differences "
        f"between patterns are left unexplained."
    )
    if cause is not None:
        name, ratio = cause
        return warning(
            "misfit",
            f"{text} Positions {name} fit {ratio:.2f} times better.",
            "Correct the scale or the angle of the positions in the file, or --energy-ev, "
            "--distance-m and --detector-pixel-m.",
        )
    if is_bad(quality) and not is_explained:
        return warning(
            "misfit",
            text,
            "No other orientation, pairing, scale or angle of the positions cures it. Wrong "
            "positions, partial coherence, a beam that changes, or a wrong probe do this: look at "
            "the motors' record, and try --probe.origin estimated or --probe.n-modes 3.",
        )
    return info("fit", text)


def check_pairing(pairings: tuple[Pairing, ...]) -> Iterator[Finding]:
    """Name the shift of patterns against positions that fits."""
    if not pairings:
        return
    parts = "; ".join(
        f"patterns {found.first} to {found.last} fit the positions of {abs(found.shift)} exposure"
        f"{'s' if abs(found.shift) > 1 else ''} {'later' if found.shift > 0 else 'earlier'} "
        f"{found.ratio:.2f} times better"
        for found in pairings
    )
    yield error(
        "pairing",
        f"Patterns are stored with the positions of other exposures: {parts}.",
        "Look for a false trigger or a lost pattern there, and join patterns and positions anew.",
    )
