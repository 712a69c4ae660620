"""The gauge of a placed object against the patterns that it was made from.

Another program scales an object as it likes, lays it between pixels, and may centre its patterns
otherwise, which is a phase ramp. With the probe and positions of a scan that is an error of every
predicted pattern, held-out ones too. Factor, shift and ramp are fitted to the patterns that the
object was shown: Gauss-Newton on sqrt(counts + 3/8), whose variance is nearly constant (Anscombe,
Biometrika 35, 246 (1948)).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tasks.compare.alignment.gauge import Gauge, nearest_trusted, remove_gauge
from tasks.compare.truth_free.held_out import known_exposures, misfit_of, predicted_intensity
from tasks.core import Indices, Real
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_reader import ScanReader

MOST_PATTERNS = 100
ROUNDS, TOLERANCE = 8, 2e-3
# Pixels of the object, and of the detector, that a shift and a ramp may move.
LONGEST = 1.5
STEP = 1e-2
ANSCOMBE = 3 / 8
# An arm of this project gains a fifth of a percent by its factor, and is not given it.
LEAST_GAIN = 0.005


@dataclass(frozen=True)
class ScanGauge:
    """What separates a placed object from the patterns that it was made from.

    Attributes:
        gauge: Factor, ramp and shift.
        deviance_per_px: Poisson deviance of the fitted patterns before, and without the gauge.
        n_patterns: How many patterns were fitted.
    """

    gauge: Gauge
    deviance_per_px: tuple[float, float]
    n_patterns: int

    @property
    def record(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "factor_abs": abs(self.gauge.factor),
            "ramp_rad_per_px": list(self.gauge.ramp_rad_per_px),
            "shift_px": list(self.gauge.shift_px),
            "deviance_per_px": list(self.deviance_per_px),
            "n_patterns": self.n_patterns,
        }


def in_scan_gauge(window: ObjectWindow, scan: ScanReader) -> tuple[ObjectWindow, ScanGauge | None]:
    """Return an object in the gauge of its patterns, and that gauge.

    Args:
        window: The object on the pixels of the scan's frame, NaN where it is not known.
        scan: The exposures that it was made from, and no others.

    Returns:
        The object as it was, and None, where it holds no whole patch of the scan, or no gauge
        lowers the deviance of the patterns by half a percent.
    """
    fit = _Fit.of(window, scan)
    if fit is None:
        return window, None
    before, after = fit.deviance(Gauge()), fit.deviance(gauge := fit.best())
    if not after < before * (1 - LEAST_GAIN):
        return window, None
    found = ScanGauge(gauge, (before, after), len(fit.counts))
    return replace(window, object_=fit.moved(gauge).object_), found


@dataclass(frozen=True)
class _Fit:
    """An object and the patterns that are fitted."""

    window: ObjectWindow
    nearest: tuple[Indices, Indices]
    scan: ScanReader
    chosen: Indices
    counts: Real

    @classmethod
    def of(cls, window: ObjectWindow, scan: ScanReader) -> "_Fit | None":
        """Choose patterns all over the scan; None if the object can predict none with photons."""
        known = known_exposures(scan.header, window)
        if not len(known):
            return None
        places = np.linspace(0, len(known) - 1, min(MOST_PATTERNS, len(known)))
        chosen = known[np.unique(places.astype(np.intp))]
        counts = scan.read(chosen).astype(np.float64)
        if not counts[:, scan.header.good_pixels].any():
            return None
        nearest = nearest_trusted(np.isfinite(window.object_))
        return cls(window, nearest, scan, chosen, counts)

    def moved(self, gauge: Gauge) -> ObjectWindow:
        """Return the object without a gauge."""
        known = np.isfinite(self.window.object_)
        object_ = remove_gauge(self.window.object_, gauge, known, self.nearest)
        return replace(self.window, object_=np.where(known, object_, np.nan))

    def intensity(self, gauge: Gauge) -> Real:
        """Return the patterns that it makes then [photons / px], (J, N, N)."""
        header = self.scan.header
        return predicted_intensity(header, self.moved(gauge), header.positions_px[self.chosen])

    def deviance(self, gauge: Gauge) -> float:
        """Return the Poisson deviance per pixel then."""
        good = self.scan.header.good_pixels
        return misfit_of(self.counts, self.intensity(gauge), good).deviance_per_px

    def best(self) -> Gauge:
        """Return the gauge that fits best; of shift and ramp none where they run away."""
        at: Real = np.zeros(4)
        for _ in range(ROUNDS):
            model = self._model(at)
            changes = [(self._model(at + STEP * axis) - model) / STEP for axis in np.eye(4)]
            residual = np.sqrt(self._good(self.counts) + ANSCOMBE) - model
            step, *_ = np.linalg.lstsq(np.stack(changes, axis=1), residual, rcond=None)
            at = at + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-30))
            if np.abs(at).max() > LONGEST:
                return self._gauge(np.zeros(4))
            if np.abs(step).max() < TOLERANCE:
                break
        return self._gauge(at)

    def _gauge(self, at: Real) -> Gauge:
        """Return the gauge of a shift [px] and a ramp [px of the detector], the factor fitted.

        The factor with the largest Poisson likelihood makes as many photons as were counted.
        """
        fringe = 2 * np.pi / self.scan.header.n_px
        ramp, shift = (at[2] * fringe, at[3] * fringe), (float(at[0]), float(at[1]))
        gauge = Gauge(ramp_rad_per_px=(float(ramp[0]), float(ramp[1])), shift_px=shift)
        made, counted = self._good(self.intensity(gauge)).sum(), self._good(self.counts).sum()
        return replace(gauge, factor=float(np.sqrt(made / counted)))

    def _model(self, at: Real) -> Real:
        return np.asarray(np.sqrt(self._good(self.intensity(self._gauge(at))) + ANSCOMBE))

    def _good(self, patterns: Real) -> Real:
        return np.asarray(patterns[:, self.scan.header.good_pixels].ravel())
