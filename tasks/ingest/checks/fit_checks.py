"""Checks of how well the patterns fit the best model of them, and of what would cure a misfit."""

from collections.abc import Iterator

from tasks.ingest.checks import Finding, error, info, warning
from tasks.ingest.preparation.pairing import Pairing
from tasks.orientation.fit_causes import Cause
from tasks.orientation.fit_quality import FitQuality

BAD_DISPERSION = 3.0
MUCH_UNEXPLAINED = 0.5
CURES = {
    "modes": "The light is partially coherent, which cures it: give --probe.n-modes 3.",
    "moves": "Single positions are wrong, which cures it: look at the motors' record, and refine "
    "the positions in the reconstruction.",
}


def is_bad(quality: FitQuality) -> bool:
    """Tell whether patterns scatter far more than photons, and half of their differences is left.

    Bright patterns always show faults of the model in units of their small noise, and dim ones
    leave much open before a reconstruction has come to its end, so either alone is no fault.
    """
    return quality.dispersion > BAD_DISPERSION and quality.unexplained > MUCH_UNEXPLAINED


def check_fit(
    quality: FitQuality,
    cause: tuple[str, float] | None,
    *,
    is_explained: bool,
    others: tuple[Cause, ...] = (),
) -> Finding:
    """Turn the quality of the best fit into a finding.

    `cause` is the change that makes positions fit, `others` what else lowers the misfit, the most
    first; a fit that another finding explains needs none.
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
    if not is_bad(quality) or is_explained:
        return info("fit", text)
    told = " ".join((text, *(_said_of(other) for other in others)))
    cures = [CURES[other.name] for other in others if other.unexplained <= MUCH_UNEXPLAINED]
    if cures:
        return warning("misfit", told, " Or: ".join(cures))
    return warning(
        "misfit",
        told,
        "No other orientation, pairing, scale or angle of the positions cures it, nor does a "
        "second mode of the probe, nor moves of single positions. Positions that are wrong by "
        "many pixels, a beam that changes, or a wrong probe do this: look at the motors' record, "
        "and try --probe.origin estimated.",
    )


def _said_of(cause: Cause) -> str:
    """Tell how much a cause explains."""
    what = {
        "modes": "With a second mode of the probe (partial coherence)",
        "moves": f"With every position free (they move by {cause.moved_px:.2g} px, the median)",
    }[cause.name]
    return (
        f"{what} the misfit is {cause.ratio:.2f} times lower, and {cause.unexplained:.0%} are left "
        f"unexplained."
    )


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
