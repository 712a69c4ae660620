"""Checks of the patterns: light, its drift, the detector, and what the values are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core import Real, Real64
from tasks.core.physics.probe import radius_px
from tasks.ingest.checks import Finding, error, info, warning
from tasks.ingest.file_options import Values
from tasks.ingest.preparation import PreparedScan
from tasks.ingest.preparation.photon_scale import common_factor

FEW_PHOTONS = 100.0
LIGHT_DRIFT = 0.2
CENTRE_DRIFT_PX = 1.0
EXPLAINED_BY_TIME = 0.5
OFF_CENTRE_FRACTION = 0.125
MUCH_SATURATED = 0.01
MUCH_LEFT_OUT = 0.1
LEAST_MULTIPLE = 2
FLOOR_SHARE = 0.05
UNNATURAL_DISPERSION = 0.45
SQUARES_FIT_BETTER = 0.9
MOVED_FITS_BETTER = 1.05
SPREAD_OF_CORNERS = 1.5
SPREAD_UNDECIDED = 1.05


def check_light(prepared: PreparedScan) -> Iterator[Finding]:
    """Look at the photons of every pattern, and how they and their place change over time."""
    statistics, scale = prepared.statistics, prepared.photon_scale.photons_per_unit
    light = statistics.light[prepared.kept] * scale
    yield info(
        "light",
        f"A pattern holds {light.mean():.4g} photons, give or take "
        f"{light.std() / light.mean():.1%} from pattern to pattern.",
    )
    if light.mean() < FEW_PHOTONS:
        yield warning(
            "few_photons",
            f"A pattern holds {light.mean():.3g} photons only.",
            "If the values are not photons, give --patterns.photons-per-pattern; else expose "
            "longer.",
        )
    unlit = np.setdiff1d(prepared.left_out, prepared.params.positions.leave_out)
    if len(unlit):
        share, first = len(unlit) / len(prepared.scan), unlit[:5].tolist()
        text = f"{len(unlit)} patterns ({share:.1%}) hold far less or more light and are left out"
        make = warning if share > MUCH_LEFT_OUT else info
        cure = "Check shutter and trigger, or widen --patterns.least-light-ratio."
        yield make("left_out", f"{text}, the first: {first}.", cure)
    yield from _check_drift(light, statistics.centres_px[prepared.kept], prepared.crop.n_px)


def _check_drift(light: Real64, centres_px: Real64, n_px: int) -> Iterator[Finding]:
    """Compare the first tenth of the scan with the last, and the middle of all with the array's.

    A sample is seldom even, so a change counts as drift where time explains half of the spread.
    """
    tenth = max(1, len(light) // 10)
    change = float(np.median(light[-tenth:]) / np.median(light[:tenth]) - 1)
    time = np.arange(len(light))
    if abs(change) > LIGHT_DRIFT and _follows(light, time):
        yield warning(
            "light_drift",
            f"The last tenth of the scan has {change:+.0%} of the light of the first.",
            "Normalise by the monitor of the beam before the import, or scan again; a sample "
            "of uneven transmission does this too.",
        )
    moved = np.median(centres_px[-tenth:], axis=0) - np.median(centres_px[:tenth], axis=0)
    along = centres_px @ moved
    if np.hypot(*moved) > CENTRE_DRIFT_PX and _follows(along, time):
        yield warning(
            "beam_drift",
            f"The centre of the patterns moves by ({moved[0]:+.1f}, {moved[1]:+.1f}) px (y, x) "
            f"from the first to the last tenth of the scan.",
            "Beam or detector may have moved: use shorter scans, or refine the positions.",
        )
    away = np.median(centres_px, axis=0) - n_px // 2
    if np.abs(away).max() > OFF_CENTRE_FRACTION * n_px:
        yield warning(
            "off_centre",
            f"The patterns lie ({away[0]:+.1f}, {away[1]:+.1f}) px (y, x) beside the middle.",
            "Give --patterns.recentre mass, which crops around their centre of mass.",
        )


def _follows(values: Real, time: NDArray[np.integer]) -> bool:
    """Tell whether time explains at least half of the variance of some values."""
    if not np.ptp(values) or len(values) < 3:
        return False
    return bool(np.corrcoef(values, time)[0, 1] ** 2 > EXPLAINED_BY_TIME)


def check_detector(prepared: PreparedScan) -> Iterator[Finding]:
    """Look at hot, dead, saturated and masked pixels, and at the floor of the patterns."""
    bad_pixels, good = prepared.bad_pixels, prepared.header.good_pixels
    count = int(np.count_nonzero(bad_pixels.marked))
    if count:
        held = " or ".join(f"{value:.10g}" for value in bad_pixels.marker_values)
        yield info(
            "marker_values",
            f"{count} pixels ({count / good.size:.1%}) hold a marker in place of light"
            f"{f', such as {held}' if held else ''}, as in gaps between modules; they are masked.",
            "Give --mask.file if the detector's mask is known.",
        )
    yield from _check_dark(prepared)
    done = "masked" if prepared.params.patterns.mask_found else "kept"
    for code, where in (("hot_pixels", bad_pixels.hot), ("dead_pixels", bad_pixels.dead)):
        count = int(np.count_nonzero(where))
        if count:
            places = [tuple(place) for place in np.argwhere(where)[:3].tolist()]
            text = f"{count} {code.replace('_', ' ')}, the first at {places}, are {done}."
            yield info(code, text, "Give --mask.file to say which pixels are bad.")
    count = int(np.count_nonzero(bad_pixels.saturated))
    if count:
        share = count / bad_pixels.saturated.size
        make = warning if share > MUCH_SATURATED else info
        yield make(
            "saturation",
            f"{count} pixels ({share:.2%}) reach {bad_pixels.saturation:g}, where the detector "
            f"is full, and are {done}.",
            "Expose shorter or attenuate the beam; give --patterns.saturation if it is another "
            "value.",
        )
    mean = prepared.statistics.mean * prepared.photon_scale.photons_per_unit
    rim = np.ones_like(good)
    rim[2:-2, 2:-2] = False
    if np.any(rim & good):
        floor = float(np.median(mean[rim & good]))
        share = floor * good.sum() / mean[good].sum()
        if share > FLOOR_SHARE:
            yield warning(
                "background",
                f"The rim of the patterns holds {floor:.3g} photons a pixel; spread over the "
                f"detector that is {share:.0%} of the light.",
                "Subtract it: --patterns.background-per-px or --patterns.dark.file. If it is "
                "scattered light, the detector is too small for the sample.",
            )


def _check_dark(prepared: PreparedScan) -> Iterator[Finding]:
    """Tell what was done with a dark frame of the scan's own file."""
    done = prepared.background.own_dark
    if done == "subtracted":
        yield info(
            "dark",
            "The file has a dark frame, and it is subtracted.",
            "Give --patterns.dark.file with a frame of zeros if it was subtracted before.",
        )
    elif done == "subtracted before":
        yield info(
            "dark",
            "The file has a dark frame, but the patterns lie below it: it was subtracted before, "
            "and is not used.",
            "Give it by --patterns.dark.file to subtract it all the same.",
        )


@dataclass(frozen=True)
class ValuesFit:
    """Scatter of the values over that of photons, and the misfit of their squares over theirs."""

    dispersion: float
    squared_misfit_ratio: float

    @property
    def squares_fit_better(self) -> bool:
        """Whether their squares fit clearly better, whatever the scale."""
        return self.squared_misfit_ratio < SQUARES_FIT_BETTER

    @property
    def look_like_roots(self) -> bool:
        """Whether they scatter less than photons can, or their squares fit clearly better."""
        return self.squares_fit_better or self.dispersion < UNNATURAL_DISPERSION


def check_values(prepared: PreparedScan, fit: ValuesFit | None) -> Iterator[Finding]:
    """Look at what the stored values are, and how they fit; None: they were not fitted."""
    photon_scale, scan = prepared.photon_scale, prepared.scan
    texts = {
        "integers": "The stored values are whole numbers and taken as photons.",
        "lattice": "The stored values are whole multiples of one photon's, so the counts are exact",
        "photons_per_unit": "The scale was given; counts are rounded",
        "photons_per_pattern": "The scale follows from the given photons; counts are rounded",
    }
    if photon_scale.how == "decimals":
        unit = photon_scale.photons_per_unit
        yield error(
            "no_counts",
            f"The values are no counts: they were rounded to decimals after a normalisation, since "
            f"they are zero or at least {prepared.statistics.sample.min():.4g}, many times their "
            f"last digit, and scatter otherwise than photons. One photon is about {1 / unit:.3g}.",
            f"Give the counts before flat field and monitor; or --patterns.photons-per-unit "
            f"{unit:.3g}.",
        )
        return
    are_integers = photon_scale.how == "integers"
    scale = "" if are_integers else f": {photon_scale.photons_per_unit:.6g} photons/unit."
    yield info("counts", texts[photon_scale.how] + scale)
    factor = common_factor(prepared.statistics)
    if are_integers and factor >= LEAST_MULTIPLE:
        yield warning(
            "multiples",
            f"All values are multiples of {factor}: they look like units of the converter.",
            f"Give --patterns.photons-per-unit {1 / factor:.6g} if {factor} units are one photon.",
        )
    if scan.values is Values.AMPLITUDE and _are_whole(np.sqrt(prepared.statistics.sample)):
        yield warning(
            "whole_amplitudes",
            "The values are taken as amplitudes, but are whole numbers, as counts are.",
            "Give --patterns.values intensity if they are counts.",
        )
    if fit is not None and (
        fit.squares_fit_better
        if photon_scale.how.startswith("photons_per")
        else fit.look_like_roots
    ):
        yield error(
            "amplitudes",
            f"The values look like amplitudes, square roots of counts: they scatter by "
            f"{fit.dispersion:.2f} of what photons do, and their squares have "
            f"{fit.squared_misfit_ratio:.2f} of their misfit.",
            "Give --patterns.values amplitude; or, if they are smoothed or averaged counts, "
            "--patterns.photons-per-unit.",
        )


def _are_whole(values: Real64) -> bool:
    return bool(np.all(np.abs(values - np.rint(values)) < 1e-4)) and float(values.max()) > 1


def check_zero_frequency(
    prepared: PreparedScan, moved_misfit_ratio: float | None
) -> Iterator[Finding]:
    """Look whether the zero frequency lies where it is stated, or half a pattern away.

    A known probe tells: `moved_misfit_ratio` is the misfit of patterns with corners and middle
    exchanged over that of the patterns as stated. Without one (None) to move all patterns is the
    same as to tilt the probe, and the place of the light alone can tell. A bright field may be
    dark in its middle, so it is the spread of the light about both places that is compared.
    """
    other = "centre" if prepared.scan.zero_frequency.value == "corner" else "corner"
    cure = f"Give --patterns.zero-frequency {other}."
    if moved_misfit_ratio is not None:
        if moved_misfit_ratio * MOVED_FITS_BETTER < 1:
            yield error(
                "zero_frequency",
                f"The patterns fit their probe {1 / moved_misfit_ratio:.3g} times better with "
                f"corners and middle exchanged.",
                cure,
            )
        return
    mean = np.where(prepared.header.good_pixels, prepared.statistics.mean, 0.0)
    square = radius_px(len(mean)) ** 2
    ratio = float((mean * square).sum() / (np.fft.fftshift(mean) * square).sum())
    if ratio > SPREAD_OF_CORNERS:
        yield error(
            "zero_frequency",
            f"The light spreads {ratio:.3g} times less about the corners of the patterns than "
            f"about their middle.",
            cure,
        )
    elif ratio > SPREAD_UNDECIDED:
        yield warning(
            "zero_frequency",
            f"The light spreads {ratio:.3g} times less about the corners of the patterns than "
            f"about their middle, and no known probe tells where the zero frequency lies.",
            f"{cure[:-1]} if the middle of the bright field is there, or a known probe by "
            f"--probe.file.",
        )
