"""Fits of a placed object against its base in small windows: how well, and how far off."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import binary_erosion, binary_fill_holes

from tasks.compare.alignment.alignment import TOLERANCE_PX
from tasks.compare.alignment.alignment_frame import AlignmentFrame
from tasks.compare.alignment.gauge import NEAR_TOLERANCE_PX, Gauge, GaugeFitter, remove_gauge
from tasks.compare.placement.pose import ObjectFeatures, Pose
from tasks.core import Complex, Complex128, Mask, Real
from tasks.core.files.object_file import ObjectWindow
from tasks.core.geometry.patches import Window

LARGEST_PX, QUARTER_PX = 192, 128
MARGIN_PX = 6
SMALLEST_PX = 24
MAX_SHIFT_PX = 6.0
ROUNDS = 3
# Of a stretch that a round finds a twentieth is left.
STRETCH_TOLERANCE = 2e-4
NO_REACH_PX = 0.1

# A pose, and how well it fits, 0 to 1.
Fit = tuple[Pose, float]


@dataclass(frozen=True)
class WindowFit:
    """How a placed object fits its base in one window.

    Attributes:
        gauge: Its gauge there.
        correlation: Of both without means and slopes, in the one gauge, -1 to 1. A factor of its
            own for the detail would hide that a weak phase has the wrong sign.
        middle: The middle of the window in the base (y, x) [px].
    """

    gauge: Gauge
    correlation: float
    middle: Real

    @property
    def is_good(self) -> bool:
        """Whether its shift is known."""
        return self.gauge.shift_is_determined and not self.gauge.at_bound


def known_pixels(object_: Complex) -> Mask:
    """Return what is known of an object (H, W): finite pixels, without a rim of zeros.

    Programs leave at zero what was never lit; zeros inside belong to the sample.
    """
    return np.asarray(np.isfinite(object_) & binary_fill_holes(object_ != 0))


def shared_window(base: Complex, window: Window) -> Window | None:
    """Return what of a window a base (H, W) holds; None if that is too small for a fit."""
    top, left = (max(0, place) for place in window.corner_px)
    bottom, right = (
        min(n, place + size)
        for n, place, size in zip(base.shape, window.corner_px, window.shape, strict=True)
    )
    if bottom - top < SMALLEST_PX or right - left < SMALLEST_PX:
        return None
    return Window((top, left), (bottom - top, right - left))


def central(window: Window, side_px: int) -> Window:
    """Return the middle of a window, no longer than so many pixels."""
    shape = [min(n, side_px) for n in window.shape]
    corner = [
        at + (n - m) // 2 for at, n, m in zip(window.corner_px, window.shape, shape, strict=True)
    ]
    return Window((corner[0], corner[1]), (shape[0], shape[1]))


def fit_in(
    base: Complex,
    sought: ObjectFeatures,
    pose: Pose,
    window: Window,
    tolerance_px: float = TOLERANCE_PX,
) -> WindowFit | None:
    """Fit the gauge of a placed object in a window of the base; None where too little is known."""
    truth: Complex128 = ObjectWindow(base, (0, 0)).cut(window)
    image = pose.lay(sought, window).cut(window)
    known = np.isfinite(truth) & known_pixels(image)
    weights: Mask = binary_erosion(known, iterations=MARGIN_PX)
    if weights.sum() < SMALLEST_PX**2 / 2 or not np.any(image[weights]):
        return None
    truth = np.where(np.isfinite(truth), truth, 0)
    fitter = GaugeFitter(truth, weights, max_shift_px=MAX_SHIFT_PX)
    try:
        gauge = fitter.fit(image, tolerance_px)
    except ValueError:  # nothing in common
        return None
    middle = np.array(window.corner_px) + (np.array(window.shape) - 1) / 2
    correlation = _signed_correlation(truth, image, known, weights, gauge)
    return WindowFit(gauge, correlation, middle)


def _signed_correlation(
    truth: Complex, image: Complex, known: Mask, weights: Mask, gauge: Gauge
) -> float:
    """Return the correlation of two objects (H, W) without means and slopes, in one gauge."""
    frame = AlignmentFrame.of(truth, weights.astype(np.float64))
    aligned = remove_gauge(image, gauge, known)
    first, second = (frame.detail(one[frame.inside]) for one in (truth, aligned))
    powers = [float(np.sum(frame.weights * np.abs(one) ** 2)) for one in (first, second)]
    shared = float(np.vdot(first, frame.weights * second).real)
    return shared / float(np.sqrt(powers[0] * powers[1])) if min(powers) > 0 else 0.0


def central_fit(
    base: Complex, sought: ObjectFeatures, pose: Pose, tolerance_px: float = TOLERANCE_PX
) -> WindowFit | None:
    """Fit the middle of a placed object against its base; None where too little is known."""
    window = shared_window(base, pose.window(sought.object_.shape))
    if window is None:
        return None
    return fit_in(base, sought, pose, central(window, LARGEST_PX), tolerance_px)


def correlation_of(fit: WindowFit | None) -> float:
    """Return how well an object fits in a window, 0 to 1; 0 where there is no fit."""
    return 0.0 if fit is None else max(0.0, fit.correlation)


def fitted_place(base: Complex, sought: ObjectFeatures, pose: Pose) -> Fit:
    """Return a pose moved to where its middle fits, and how well that does.

    The place of the pose is whole, or its pixels are not those of the base.
    """
    fit = central_fit(base, sought, pose)
    if fit is not None and fit.is_good:
        pose = pose.moved(np.array(fit.gauge.shift_px), 0.0, np.zeros(2))
    return pose, correlation_of(fit)


def fitted_scale(base: Complex, sought: ObjectFeatures, pose: Pose) -> Pose:
    """Return a pose whose scale and place are fitted: by how four quarters of it are moved.

    A pose whose quarters do not tell is returned as far as it came.
    """
    shape = sought.object_.shape
    for _ in range(ROUNDS):
        window = shared_window(base, pose.window(shape))
        if window is None:
            return pose
        fits = [fit_in(base, sought, pose, part, NEAR_TOLERANCE_PX) for part in _quarters(window)]
        good = [fit for fit in fits if fit is not None and fit.is_good]
        if len(good) < 2:
            return pose
        places = np.array([fit.middle for fit in good])
        moves = np.array([fit.gauge.shift_px for fit in good])
        middle, moved = places.mean(axis=0), moves.mean(axis=0)
        spread = float(np.sum((places - middle) ** 2))
        stretch = float(np.sum((places - middle) * (moves - moved)) / spread)
        pose = pose.moved(moved, stretch, middle)
        if abs(stretch) < STRETCH_TOLERANCE:
            break
    # A scale so near to one moves no pixel: nothing is interpolated.
    reach = abs(pose.scale - 1) * max(shape) / 2
    return replace(pose, scale=1.0) if reach < NO_REACH_PX else pose


def _quarters(window: Window) -> list[Window]:
    """Return the middles of the four quarters of a window."""
    height, width = (n // 2 for n in window.shape)
    top, left = window.corner_px
    return [
        central(Window((top + row * height, left + column * width), (height, width)), QUARTER_PX)
        for row in (0, 1)
        for column in (0, 1)
    ]
