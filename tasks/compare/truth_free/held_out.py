"""How well an object explains patterns that it has not seen: a comparison without the truth."""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from tasks.compare.alignment.gauge import nearest_trusted
from tasks.compare.alignment.region import Region
from tasks.core import Indices, Mask, Real
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.patches import extract_patches, shifted_probes, split_positions
from tasks.core.physics.forward import diffraction_intensity_of_modes
from tasks.core.physics.probe import probe_intensity

Counts = NDArray[np.integer] | Real

INTENSITY_FLOOR = 1e-6
CHUNK_PIXELS = 2**18


@dataclass(frozen=True)
class Misfit:
    """How far predicted patterns are from measured ones; those of two sets of patterns add up.

    Attributes:
        deviance: Summed Poisson deviance.
        n_values: Good detector pixels of all patterns.
        amplitude_error: Summed |sqrt(D) - sqrt(I)| of counts D and intensity I.
        amplitude: Summed sqrt(D).
        n_patterns: Patterns that were predicted.
    """

    deviance: float = 0.0
    n_values: int = 0
    amplitude_error: float = 0.0
    amplitude: float = 0.0
    n_patterns: int = 0

    def __add__(self, other: "Misfit") -> "Misfit":
        """Return the misfit of both sets together."""
        return Misfit(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def deviance_per_px(self) -> float:
        """Mean Poisson deviance 2 (I - D + D ln(D / I)) of a good detector pixel, at least 0.

        Twice the log-likelihood that the intensity lacks (McCullagh & Nelder, Generalized Linear
        Models, 2nd ed., section 2.3; Thibault & Guizar-Sicairos, New J. Phys. 14, 063004 (2012)).
        The true intensity has about 1 where a pixel counts many photons and less where it counts
        few, and in the mean no intensity has less.
        """
        return self.deviance / self.n_values

    @property
    def r_factor(self) -> float:
        """Summed error of the amplitudes over their sum, at least 0.

        As in crystallography (IUCr Online Dictionary, "R factor"), the amplitudes on their own
        scale, because the photons are known. Of patterns that were held out it is a free R
        (Brunger, Nature 355, 472 (1992)).

        Rank models by the deviance, not by this: it is no likelihood, and where most pixels count
        no photon an object that scatters too little comes nearer to their amplitudes than the
        truth. With 64 x 64 px and 1e4 photons a pattern the truth has 0.39, blurred by 1 px 0.28;
        from 1e6 photons on the truth is the best.

        Raises:
            ValueError: If no photon was counted.
        """
        if self.amplitude == 0:
            raise ValueError(
                "No photon was counted, so there is no R factor. Check the scan's counts."
            )
        return self.amplitude_error / self.amplitude


def misfit_of(counts: Counts, intensity: Real, good_pixels: Mask) -> Misfit:
    """Return how far predicted patterns are from measured ones.

    Args:
        counts: Counts [photons / px], shape (J, N, N).
        intensity: Predicted intensity [photons / px], same shape; the deviance takes it as 1e-6
            where it is lower, or one photon where none was expected would weigh more than all
            others.
        good_pixels: Detector pixels to use, shape (N, N).

    Raises:
        ValueError: If shapes differ, there is no good pixel, or a good one is not finite or
            negative.
    """
    if counts.shape != intensity.shape or counts.shape[-2:] != good_pixels.shape:
        raise ValueError(
            f"Counts and intensity must share a shape that ends in that of the mask: got "
            f"{counts.shape}, {intensity.shape} and {good_pixels.shape}. Predict the same patterns "
            f"that were measured."
        )
    n_patterns = len(counts)
    counts, intensity = (part[..., good_pixels].astype(np.float64) for part in (counts, intensity))
    if not counts.size:
        raise ValueError("There is no good detector pixel to compare. Check the scan's pixel mask.")
    for name, values in (("counts", counts), ("intensity", intensity)):
        n_bad = int(np.count_nonzero(~(np.isfinite(values) & (values >= 0))))
        if n_bad:
            raise ValueError(
                f"{n_bad} of {values.size} good pixels of the {name} are negative or not finite. "
                f"Mask them, or make the reconstruction again."
            )
    floored, measured = np.maximum(intensity, INTENSITY_FLOOR), np.sqrt(counts)
    return Misfit(
        deviance=float(2 * np.sum(floored - counts + xlogy(counts, counts / floored))),
        n_values=counts.size,
        amplitude_error=float(np.sum(np.abs(measured - np.sqrt(intensity)))),
        amplitude=float(np.sum(measured)),
        n_patterns=n_patterns,
    )


def held_out_misfit(scan: ScanReader, window: ObjectWindow, chosen: Indices) -> Misfit:
    """Predict exposures that a reconstruction did not see, and hold them against the counts.

    All incoherent modes of the scan are used, each moved by the sub-pixel rest of the position. A
    global phase of the object does not matter, its scale does: the photons are known. The chosen
    exposures, at least one, rise, and the object is known in their patches.
    """
    header, found = scan.header, Misfit()
    length = max(1, CHUNK_PIXELS // header.n_px**2)
    for start in range(0, len(chosen), length):
        part = chosen[start : start + length]
        intensity = predicted_intensity(header, window, header.positions_px[part])
        found += misfit_of(scan.read(part), intensity, header.good_pixels)
    return found


def patterns_to_predict(
    window: ObjectWindow, header: ScanHeader, region: Region, light_fraction: float
) -> tuple[ObjectWindow, Indices]:
    """Return an object in what both half sets light, and the exposures that it can predict.

    A patch may be much larger than the probe, and its dark rim outside of all that is lit. Where
    not the whole patch is asked for, what is not known is taken as the nearest pixel that is; so
    much of a pattern's light must fall where the object is known.
    """
    cut = window.cut(region.box)
    part = ObjectWindow(np.where(region.lit, cut, np.nan), region.box.corner_px)
    if light_fraction >= 1:
        return part, known_exposures(header, part)
    known = np.isfinite(part.object_)
    if not known.any():
        return part, np.empty(0, dtype=np.intp)
    filled = ObjectWindow(part.object_[nearest_trusted(known)], part.origin_px)
    inside = known_exposures(header, filled)
    light = probe_intensity(header.probe_modes)
    positions_px = header.positions_px[inside] - np.asarray(part.origin_px)
    patches = extract_patches(known, positions_px, header.n_px)
    shares = np.sum(patches * light, axis=(1, 2)) / light.sum()
    return filled, inside[shares >= light_fraction]


def known_exposures(header: ScanHeader, window: ObjectWindow) -> Indices:
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


def predicted_intensity(header: ScanHeader, window: ObjectWindow, positions_px: Real) -> Real:
    """Return the patterns [photons / px] that an object makes at some positions, (J, N, N)."""
    inside = positions_px - np.asarray(window.origin_px)
    patches = extract_patches(window.object_.astype(np.complex128), inside, header.n_px)
    modes = np.stack([shifted_probes(mode, inside) for mode in header.probe_modes])
    return diffraction_intensity_of_modes(patches, modes)
