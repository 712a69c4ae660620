"""How well an object explains patterns that it has not seen: a judgement without the truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import ScanHeader, ScanReader
from tasks.core.geometry.patches import extract_patches, shifted_probes, split_positions
from tasks.core.physics.forward import diffraction_intensity_of_modes

Counts = NDArray[np.integer] | NDArray[np.floating]
Intensity = NDArray[np.floating]
Mask = NDArray[np.bool_]

INTENSITY_FLOOR = 1e-6
CHUNK_PIXELS = 2**18


@dataclass(frozen=True)
class HeldOutMisfit:
    """How far predicted patterns are from measured ones.

    Attributes:
        deviance_per_px: Poisson deviance of a good detector pixel, at least 0.
        r_factor: Summed error of the amplitudes over their sum, at least 0.
        n_patterns: Patterns that were predicted.
    """

    deviance_per_px: float
    r_factor: float
    n_patterns: int


def poisson_deviance_per_px(
    counts: Counts, intensity: Intensity, good_pixels: Mask | None = None
) -> float:
    """Return the mean Poisson deviance 2 (I - D + D ln(D / I)) of counts D and intensity I.

    Twice the log-likelihood that the intensity lacks (McCullagh & Nelder, Generalized Linear
    Models, 2nd ed., section 2.3; Thibault & Guizar-Sicairos, New J. Phys. 14, 063004 (2012)). The
    true intensity has about 1 where a pixel counts many photons and less where it counts few, and
    in the mean no intensity has less.

    Args:
        counts: Counts [photons / px], shape (..., N, N).
        intensity: Predicted intensity [photons / px], same shape; taken as 1e-6 where it is
            lower, or one photon where none was expected would weigh more than all others.
        good_pixels: Detector pixels to use, shape (N, N); all if None.

    Returns:
        The mean over all good pixels of all patterns.

    Raises:
        ValueError: If shapes differ, there is no good pixel, or a good one is not finite or
            negative.
    """
    counts, intensity = _paired(counts, intensity, good_pixels)
    return _deviance(counts, intensity) / counts.size


def r_factor(counts: Counts, intensity: Intensity, good_pixels: Mask | None = None) -> float:
    """Return the R factor, the sum of |sqrt(D) - sqrt(I)| over that of sqrt(D).

    As in crystallography (IUCr Online Dictionary, "R factor"), the amplitudes on their own scale,
    because the photons are known. Of patterns that were held out it is a free R (Brunger, Nature
    355, 472 (1992)).

    Rank models by the deviance, not by this: it is no likelihood, and where most pixels count no
    photon an object that scatters too little comes nearer to their amplitudes than the truth. With
    64 x 64 px and 1e4 photons a pattern the truth has 0.39, blurred by 1 px 0.28; from 1e6
    photons on the truth is the best.

    Args:
        counts: Counts D [photons / px], shape (..., N, N).
        intensity: Predicted intensity I [photons / px], same shape.
        good_pixels: Detector pixels to use, shape (N, N); all if None.

    Returns:
        The ratio, 0 for a perfect prediction.

    Raises:
        ValueError: As `poisson_deviance_per_px`, or if no photon was counted.
    """
    counts, intensity = _paired(counts, intensity, good_pixels)
    error, amplitude = _amplitude_sums(counts, intensity)
    return _ratio(error, amplitude)


def held_out_misfit(
    scan: ScanReader,
    window: ObjectWindow,
    *,
    chosen: NDArray[np.intp] | None = None,
    max_patterns: int | None = None,
) -> HeldOutMisfit:
    """Predict exposures that a reconstruction did not see, and hold them against the counts.

    All incoherent modes of the scan are used, each moved by the sub-pixel rest of the position. A
    global phase of the object does not matter, its scale does: the photons are known.

    Args:
        scan: The exposures that were held out; read some at a time.
        window: Reconstructed object. Pixels that it does not know are not finite.
        chosen: Exposures to predict, rising; those whose patch is wholly known if None.
        max_patterns: Most patterns to predict, spread evenly over the scan; all if None.

    Returns:
        The misfit over the good pixels of the patterns whose patch is wholly known.

    Raises:
        ValueError: If no patch is wholly known, or no photon was counted.
    """
    header = scan.header
    chosen = known_exposures(header, window) if chosen is None else chosen
    if not len(chosen):
        raise ValueError(
            f"None of {len(scan)} held-out patches of {header.n_px} px lies wholly where the "
            f"reconstruction is known. Reconstruct in the frame of the same scan, or scan a larger "
            f"region."
        )
    if max_patterns is not None and max_patterns < len(chosen):
        chosen = chosen[np.linspace(0, len(chosen) - 1, max_patterns).round().astype(np.intp)]
    deviance, n_values, error, amplitude = 0.0, 0, 0.0, 0.0
    length = max(1, CHUNK_PIXELS // header.n_px**2)
    for start in range(0, len(chosen), length):
        part = chosen[start : start + length]
        intensity = predicted_intensity(header, window, header.positions_px[part])
        counts, intensity = _paired(scan.read(part), intensity, header.good_pixels)
        deviance, n_values = deviance + _deviance(counts, intensity), n_values + counts.size
        sums = _amplitude_sums(counts, intensity)
        error, amplitude = error + sums[0], amplitude + sums[1]
    return HeldOutMisfit(deviance / n_values, _ratio(error, amplitude), len(chosen))


def known_exposures(header: ScanHeader, window: ObjectWindow) -> NDArray[np.intp]:
    """Return the exposures whose patch holds finite pixels of a window alone, rising."""
    known, n_px = np.isfinite(window.object_), header.n_px
    nearest, _ = split_positions(header.positions_px - np.asarray(window.origin_px))
    corners = nearest - n_px // 2
    inside = np.all((corners >= 0) & (corners + n_px <= np.asarray(known.shape)), axis=1)
    chosen = [
        index
        for index in np.flatnonzero(inside).tolist()
        if known[tuple(slice(start, start + n_px) for start in corners[index])].all()
    ]
    return np.array(chosen, dtype=np.intp)


def predicted_intensity(
    header: ScanHeader, window: ObjectWindow, positions_px: NDArray[np.floating]
) -> Intensity:
    """Return the patterns [photons / px] that an object makes at some positions, (J, N, N)."""
    inside = positions_px - np.asarray(window.origin_px)
    patches = extract_patches(window.object_.astype(np.complex128), inside, header.n_px)
    modes = np.stack([shifted_probes(mode, inside) for mode in header.probe_modes])
    return diffraction_intensity_of_modes(patches, modes)


def _paired(
    counts: Counts, intensity: Intensity, good_pixels: Mask | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the good pixels of measured and predicted patterns, in double precision.

    Raises:
        ValueError: As `poisson_deviance_per_px`.
    """
    good = np.ones(counts.shape[-2:], dtype=np.bool_) if good_pixels is None else good_pixels
    if counts.shape != intensity.shape or counts.shape[-2:] != good.shape:
        raise ValueError(
            f"Counts and intensity must share a shape that ends in that of the mask: got "
            f"{counts.shape}, {intensity.shape} and {good.shape}. Predict the same patterns that "
            f"were measured."
        )
    pixels = [part[..., good].astype(np.float64) for part in (counts, intensity)]
    if not pixels[0].size:
        raise ValueError("There is no good detector pixel to compare. Check the scan's pixel mask.")
    for name, values in zip(("counts", "intensity"), pixels, strict=True):
        n_bad = int(np.count_nonzero(~(np.isfinite(values) & (values >= 0))))
        if n_bad:
            raise ValueError(
                f"{n_bad} of {values.size} good pixels of the {name} are negative or not finite. "
                f"Mask them, or make the reconstruction again."
            )
    return pixels[0], pixels[1]


def _deviance(counts: NDArray[np.float64], intensity: NDArray[np.float64]) -> float:
    """Return the summed deviance."""
    floored = np.maximum(intensity, INTENSITY_FLOOR)
    return float(2 * np.sum(floored - counts + xlogy(counts, counts / floored)))


def _amplitude_sums(
    counts: NDArray[np.float64], intensity: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the summed error of the amplitudes and the summed measured amplitudes."""
    measured = np.sqrt(counts)
    return float(np.sum(np.abs(measured - np.sqrt(intensity)))), float(np.sum(measured))


def _ratio(error: float, amplitude: float) -> float:
    """Return an R factor; raises ValueError if nothing was measured."""
    if amplitude == 0:
        raise ValueError("No photon was counted, so there is no R factor. Check the scan's counts.")
    return error / amplitude
