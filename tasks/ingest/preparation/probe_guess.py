"""The first guess of the probe: the scan's own, another file's, from optics, or from the patterns.

It is scaled to the photons of the mean pattern, and where it comes from is recorded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from tasks.core import Complex, Complex128, Mask, Real64
from tasks.core.files.archive import read_named_array
from tasks.core.physics.forward import back_propagate, propagate
from tasks.core.physics.probe import (
    defocused_zone_plate_probe,
    energy_diameter_px,
    incoherent_modes,
)
from tasks.ingest.file_options import ProbeOrigin
from tasks.ingest.file_scan import probe_modes_of
from tasks.ingest.preparation.cropping import Crop, CroppedScan
from tasks.ingest.preparation.shadow_motion import ShadowMotion

MODE_DECAY = 0.2
LARGEST_APERTURE = 0.8
LARGEST_SHARE = 0.75
SCATTERED_FRACTION = 0.05


@dataclass(frozen=True)
class ProbeGuess:
    """A first guess of the probe: modes [sqrt(photons)], (M, N, N), the strongest first."""

    modes: Complex128
    origin: ProbeOrigin
    facts: dict[str, Any]


def guess_probe(
    cropped: CroppedScan, mean: Real64, good: Mask, shadows: ShadowMotion | None
) -> ProbeGuess:
    """Return the first guess of the probe of a mean pattern [photons / px], (N, N).

    ValueError if it is asked for from where there is none, or its side is not that of the patterns.
    """
    origin = _origin(cropped)
    facts: dict[str, Any] = {"origin": origin.value}
    stated = stated_modes(cropped)
    if stated is None:
        probe, found = _from_patterns(_filled(mean, good), shadows)
        modes = _as_many_as_asked_for(probe[None], cropped)
        facts |= found
    else:
        modes = stated
    # As many photons at the good pixels as the mean pattern has there.
    beam = np.sum(np.abs(propagate(modes)) ** 2, axis=0)
    seen = float(mean[good].sum())
    scaled = np.asarray(modes * np.sqrt(seen / beam[good].sum()), dtype=np.complex128)
    facts |= {"n_modes": len(scaled), "diameter_px": energy_diameter_px(scaled)}
    return ProbeGuess(scaled, origin, facts)


def stated_modes(cropped: CroppedScan) -> Complex128 | None:
    """Return the modes of a probe that is known without the patterns, any scale; else None.

    ValueError as `guess_probe`.
    """
    scan, asked, origin = cropped.scan, cropped.params.probe, _origin(cropped)
    if origin is ProbeOrigin.ESTIMATED:
        return None
    if origin is ProbeOrigin.OPTICS:
        return _as_many_as_asked_for(_from_optics(cropped)[None], cropped)
    stored = scan.probe_modes
    if origin is ProbeOrigin.FILE:
        found_in = read_named_array(asked.file, asked.dataset, "probe")
        stored = probe_modes_of(found_in, f"The probe of {asked.file}")
    if stored is None:
        raise ValueError(
            f"The scan has no probe of its own ({scan.format}). Take --probe.origin estimated, "
            f"optics or file."
        )
    return _as_many_as_asked_for(_fitted(stored, scan.stored_px, cropped.crop), cropped)


def _as_many_as_asked_for(modes: Complex, cropped: CroppedScan) -> Complex128:
    """Return modes (M, N, N); one alone is made partially coherent where more are asked for."""
    n_modes = cropped.params.probe.n_modes
    if n_modes > 1 and len(modes) == 1:
        return incoherent_modes(modes[0], n_modes, MODE_DECAY)
    return np.asarray(modes, dtype=np.complex128)


def _origin(cropped: CroppedScan) -> ProbeOrigin:
    """Return where the probe comes from: the scan or a file where they have one."""
    asked = cropped.params.probe
    if asked.origin is not ProbeOrigin.AUTO:
        return asked.origin
    own = ProbeOrigin.ESTIMATED if cropped.scan.probe_modes is None else ProbeOrigin.SCAN
    return own if asked.file is None else ProbeOrigin.FILE


def estimate_probe(mean: Real64, reach_per_px: float) -> Complex128:
    """Return the wave of a mean pattern whose rays leave the sample beside the centre.

    The modulus on the detector is that of the mean pattern. Rays of detector pixel q leave at
    `reach_per_px` * q [object px] if the phase there is -pi * reach_per_px * q^2 / N: the wave at
    the sample is stationary where -N / (2 pi) dphase/dq = x.

    A reach of 0 is in focus; of the mean pattern (N, N) no pixel may be missing.
    """
    n_px = mean.shape[-1]
    rows, columns = np.indices(mean.shape)
    # What lies outside the lit disc was scattered by the sample, and is no part of the beam.
    mean = np.where(mean > SCATTERED_FRACTION * np.percentile(mean, 99.5), mean, 0.0)
    weight = mean.sum()
    offsets = [axis - float((axis * mean).sum() / weight) for axis in (rows, columns)]
    square = offsets[0] ** 2 + offsets[1] ** 2
    phase = -np.pi * reach_per_px * square / n_px
    wave = back_propagate(np.sqrt(mean) * np.exp(1j * phase))
    return np.asarray(np.fft.fftshift(wave), dtype=np.complex128)


def _filled(mean: Real64, good: Mask) -> Real64:
    """Return a mean pattern whose bad pixels have the value of the nearest good one."""
    if good.all():
        return mean
    nearest = ndimage.distance_transform_edt(~good, return_distances=False, return_indices=True)
    return np.asarray(mean[tuple(nearest)])


def _from_patterns(mean: Real64, shadows: ShadowMotion | None) -> tuple[Complex128, dict[str, Any]]:
    """Return the wave of a mean pattern without missing pixels, curved as the shadows tell."""
    if shadows is None:
        return estimate_probe(mean, 0.0), {"curvature": "none found"}
    largest = LARGEST_SHARE * mean.shape[-1] / shadows.lit_px
    reach = float(np.clip(shadows.reach_per_px, -largest, largest))
    return estimate_probe(mean, reach), {"curvature": "of the shadows", "reach_per_px": reach}


def _from_optics(cropped: CroppedScan) -> Complex128:
    """Return the wave of a zone plate, a distance from its focus.

    Its numerical aperture is wavelength / (2 outermost zone); a defocus z gives the edge of the
    pupil a phase of -pi z NA^2 / wavelength (Attwood, Soft X-Rays (1999), ch. 9).
    """
    crop, geometry, asked = cropped.crop, cropped.scan.geometry, cropped.params.probe
    if geometry is None or asked.outermost_zone_m is None:
        raise ValueError(
            "A probe from optics needs the geometry and the width of the outermost zone. Give "
            "--probe.outermost-zone-m, and --energy-ev, --distance-m and --detector-pixel-m where "
            "the file lacks them; or take --probe.origin estimated."
        )
    aperture = geometry.wavelength_m / (2 * asked.outermost_zone_m)
    highest = crop.n_px * crop.binning * geometry.detector_pixel_m / (2 * geometry.distance_m)
    fraction = aperture / highest
    if not 0 < fraction <= LARGEST_APERTURE:
        raise ValueError(
            f"The zone plate's aperture of {aperture:.3g} rad is {fraction:.3g} of what the "
            f"patterns reach, expected at most {LARGEST_APERTURE}. Check --probe.outermost-zone-m, "
            f"or raise --n-px."
        )
    defocus = -np.pi * asked.defocus_m * aperture**2 / geometry.wavelength_m
    return defocused_zone_plate_probe(
        crop.n_px, fraction, asked.central_stop_fraction, float(defocus)
    )


def _fitted(stored: Complex, stored_px: int, crop: Crop) -> Complex:
    """Return a stored probe for the prepared patterns: cropped as they are.

    Cropping patterns removes high frequencies of the probe; adding up pixels takes a smaller field.
    """
    side = stored.shape[-1]
    if side == crop.n_px:
        return stored
    if side != stored_px:
        raise ValueError(
            f"The probe has {side} x {side} px, but the patterns {stored_px} as stored and "
            f"{crop.n_px} as prepared. Give the probe that belongs to them, pad or crop it in its "
            f"own plane, or take --probe.origin estimated."
        )
    kept = crop.n_px * crop.binning
    narrow = back_propagate(_middle(propagate(stored), kept)) if kept < side else stored
    return _middle(narrow, crop.n_px) if crop.binning > 1 else narrow


def _middle(field: Complex, side: int) -> Complex:
    """Return the middle of a field, its centre at [side // 2, side // 2]."""
    start = field.shape[-1] // 2 - side // 2
    return field[..., start : start + side, start : start + side]
