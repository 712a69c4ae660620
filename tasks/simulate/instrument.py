"""A detector with faults: what it makes of the photons that reach it.

The order is that of the physics:

1. Photons of the beam arrive one by one (Poisson), and so do those of the background.
2. The beam stop, right before the sensor, takes both away from the pixels that it shades.
3. Each photon is registered in a pixel near the one it fell on (point spread); those that are
   pushed over the edge are lost.
4. Hot pixels collect counts of their own.
5. A well holds so much and no more (saturation).
6. Reading adds Gaussian noise; the reading is rounded, and lies between zero and the well.
7. Dead pixels read zero.

Every step draws from a stream of its own, so that switching one on leaves the draws of the others
as they were. A displaced Poisson process is a Poisson process: step 3 has the law of a blurred
expectation (the displacement theorem; Kingman, Poisson Processes (1993), ch. 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tasks.core.files.scan_record import PixelFault
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.faults import InstrumentParams

Counts = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class Reading:
    """What was read out.

    Attributes:
        counts: Photons as read, shape (J, N, N).
        saturated: Where the well was full, shape (J, N, N); none without a limit.
    """

    counts: Counts
    saturated: NDArray[np.bool_] | None = None


def pixel_mask(params: InstrumentParams, n_px: int, seed: int) -> NDArray[np.uint32]:
    """Return the CXI mask of the detector; its pixels are the same for both splits.

    Args:
        params: Faults.
        n_px: Side of a pattern [px].
        seed: Root seed.

    Returns:
        Bits of `PixelFault`, shape (n_px, n_px).

    Raises:
        ValueError: If fewer than half of the pixels are good.
    """
    mask = np.zeros((n_px, n_px), dtype=np.uint32)
    axis = np.arange(n_px) - n_px // 2
    if params.beam_stop_radius_px:
        shade = np.hypot(axis[:, None], axis[None, :]) <= params.beam_stop_radius_px
        mask[shade] |= np.uint32(PixelFault.SHADOWED)
    for fraction, purpose, fault in (
        (params.hot_pixel_fraction, Purpose.HOT_PIXELS, PixelFault.HOT),
        (params.dead_pixel_fraction, Purpose.DEAD_PIXELS, PixelFault.DEAD),
    ):
        # Nested: a larger share keeps the pixels of a smaller one.
        order = spawn(seed, purpose).permutation(n_px * n_px)
        mask.ravel()[order[: round(fraction * n_px * n_px)]] |= np.uint32(fault)
    n_good = np.count_nonzero(mask == 0)
    if 2 * n_good < mask.size:
        raise ValueError(
            f"{n_good} of {mask.size} detector pixels are good, at least half are needed. Lower "
            f"beam_stop_radius_px ({params.beam_stop_radius_px:g}), hot_pixel_fraction "
            f"({params.hot_pixel_fraction:g}) or dead_pixel_fraction "
            f"({params.dead_pixel_fraction:g})."
        )
    return mask


class Detector:
    """Turns photons into readings; holds the streams of one scan, so patterns come in order."""

    def __init__(
        self, params: InstrumentParams, mask: NDArray[np.uint32], seed: int, split: Split
    ) -> None:
        """Prepare the streams of one scan."""
        self.params = params
        self._shaded = (mask & np.uint32(PixelFault.SHADOWED)) != 0
        self._hot = (mask & np.uint32(PixelFault.HOT)) != 0
        self._dead = (mask & np.uint32(PixelFault.DEAD)) != 0
        self._background_rng = spawn(seed, Purpose.BACKGROUND, split)
        self._spread_rngs = spawn(seed, Purpose.POINT_SPREAD, split).spawn(2)
        self._hot_rng = spawn(seed, Purpose.HOT_COUNTS, split)
        self._readout_rng = spawn(seed, Purpose.READOUT_NOISE, split)

    def read(self, arrived: Counts) -> Reading:
        """Return the readings of exposures.

        Args:
            arrived: Photons of the beam that arrive at every pixel, shape (J, N, N).

        Returns:
            The readings; the very same counts where every fault is off.
        """
        params, counts = self.params, arrived
        if params.background_photons_per_px:
            stray = self._background_rng.poisson(params.background_photons_per_px, counts.shape)
            counts = counts + stray.astype(np.uint32)
        if self._shaded.any():
            counts = np.where(self._shaded, np.uint32(0), counts)
        if params.point_spread_px:
            counts = spread_photons(counts, params.point_spread_px, self._spread_rngs)
        if self._hot.any():
            counts = counts.copy()
            shape = (len(counts), np.count_nonzero(self._hot))
            own = self._hot_rng.poisson(params.hot_pixel_photons, shape)
            counts[:, self._hot] += own.astype(np.uint32)
        reading = self._fill_and_read(counts)
        if self._dead.any():
            reading = Reading(np.where(self._dead, np.uint32(0), reading.counts), reading.saturated)
        return reading

    def _fill_and_read(self, counts: Counts) -> Reading:
        """Clip at the well, and add the noise of the readout."""
        well = self.params.saturation_photons
        saturated = None if well is None else counts >= well
        if well is not None:
            counts = np.minimum(counts, np.uint32(well))
        if self.params.readout_noise_photons:
            noise = self._readout_rng.standard_normal(counts.shape, dtype=np.float32)
            reading = np.rint(counts + self.params.readout_noise_photons * noise.astype(np.float64))
            counts = np.clip(reading, 0, well).astype(np.uint32)
        return Reading(counts, saturated)


def spread_photons(
    counts: Counts, sigma_px: float, rngs: Sequence[np.random.Generator]
) -> NDArray[np.uint32]:
    """Displace every photon by a Gaussian step along each axis.

    The photons of a pixel are shared out by one multinomial draw an axis, as many draws as pixels,
    however bright. Photons are conserved but for those that leave the array.

    Args:
        counts: Photons per pixel, shape (J, N, N).
        sigma_px: R.m.s. step along each axis [px].
        rngs: Sources of randomness, one for y and one for x, so that the draws do not depend on
            how many patterns are spread at once.

    Returns:
        Counts, same shape.
    """
    reach = int(np.ceil(4 * sigma_px))
    steps = np.arange(-reach, reach + 1)
    shares = ndtr((steps + 0.5) / sigma_px) - ndtr((steps - 0.5) / sigma_px)
    shares /= shares.sum()
    for axis, rng in zip((1, 2), rngs, strict=True):
        where = np.nonzero(counts)
        moved = rng.multinomial(counts[where].astype(np.int64), shares)
        size = counts.shape[axis]
        padded = np.zeros(
            [n + 2 * reach if a == axis else n for a, n in enumerate(counts.shape)], np.uint32
        )
        for step, photons in zip(steps, moved.T, strict=True):
            index = list(where)
            index[axis] = where[axis] + reach + step
            # Distinct pixels stay distinct under one step, so nothing is added twice.
            padded[tuple(index)] += photons.astype(np.uint32)
        counts = np.take(padded, np.arange(reach, reach + size), axis=axis)
    return np.asarray(counts, dtype=np.uint32)
