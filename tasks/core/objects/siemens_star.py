"""Siemens stars: resolution targets whose period is known at every radius.

A star of n spokes has n periods around each circle, so the period at radius r is 2 pi r / n. The
spokes begin where that is the finest period p: at r0 = n p / (2 pi).
"""

from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from tasks.core import Real64

GAP_PX = 4.0
BACKGROUND_FRACTION = 0.5


class StarOptions(BaseModel):
    """Spokes and size of a star."""

    n_spokes: int = Field(24, ge=4, le=360, description="siemens_star: periods around a star")
    finest_period_px: float = Field(
        3.0,
        ge=2,
        le=64,
        description="siemens_star: period of the spokes where they begin, 2 pi r / n_spokes [px]",
    )
    star_radius_px: float = Field(
        64.0, ge=8, le=4096, description="siemens_star: outer radius of a star [px]"
    )


def inner_radius_px(options: StarOptions) -> float:
    """Return the radius where the spokes begin and have their finest period [px]."""
    return float(options.n_spokes * options.finest_period_px / (2 * np.pi))


def star_centres_px(shape: tuple[int, int], radius_px: float) -> Real64:
    """Return the centres (y, x) of as many stars as fit, at least one, evenly spread, (S, 2)."""
    pitch = 2 * (radius_px + GAP_PX)
    axes = []
    for side in shape:
        count = max(1, int(side // pitch))
        axes.append((np.arange(count) + 0.5) * side / count - 0.5)
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def siemens_star(shape: tuple[int, int], rng: np.random.Generator, options: StarOptions) -> Real64:
    """Return a grid of stars, each turned at random; the phase is turned by a quarter period more.

    So amplitude and phase have the same periods at the same places, but no edge in common.
    Edges are one pixel soft, by the distance to the nearest edge.
    """
    fraction = np.full((2, *shape), BACKGROUND_FRACTION)
    inner = inner_radius_px(options)
    centres = star_centres_px(shape, options.star_radius_px)
    reach = int(np.ceil(options.star_radius_px)) + 1
    for (centre_y, centre_x), turn in zip(centres, rng.uniform(0, 1, len(centres)), strict=True):
        top, left = max(0, int(centre_y) - reach), max(0, int(centre_x) - reach)
        window = np.s_[top : int(centre_y) + reach + 1, left : int(centre_x) + reach + 1]
        rows, columns = np.indices(fraction[0][window].shape)
        y, x = rows + top - centre_y, columns + left - centre_x
        radius, angle = np.hypot(y, x), np.arctan2(y, x)
        ring = np.clip(np.minimum(radius - inner, options.star_radius_px - radius) + 0.5, 0, 1)
        for part, quarter in enumerate((0.0, 0.25)):
            wave = options.n_spokes * angle + 2 * np.pi * (turn + quarter)
            spokes = _soft_square_wave(wave, radius / options.n_spokes)
            fraction[part][window] += ring * (spokes - BACKGROUND_FRACTION)
    return fraction


def _soft_square_wave(wave_rad: Real64, px_per_rad: Real64) -> Real64:
    """Return a square wave in [0, 1] whose edges are one pixel soft, from its phase [rad]."""
    signed_distance_px = np.arcsin(np.sin(wave_rad)) * px_per_rad
    return np.asarray(np.clip(0.5 + signed_distance_px, 0, 1))


def check_spokes(options: StarOptions) -> None:
    """Refuse spokes that begin beyond the star."""
    inner = inner_radius_px(options)
    if inner >= options.star_radius_px:
        raise ValueError(
            f"{options.n_spokes} spokes of a finest period of {options.finest_period_px} px begin "
            f"at a radius of {inner:.1f} px, beyond the star's {options.star_radius_px} px. Lower "
            f"n_spokes or finest_period_px, or raise star_radius_px."
        )


def star_facts(options: StarOptions) -> dict[str, Any]:
    """Return where the spokes begin."""
    return {"inner_radius_px": inner_radius_px(options)}
