"""Parameters of what is imperfect about an instrument; every fault is off by default."""

import math

from pydantic import BaseModel, ConfigDict, Field

POSITION_ERROR_REACH = 4.0


class InstrumentParams(BaseModel):
    """Faults of the beam, the stage and the detector, each of which can be varied alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_modes: int = Field(
        1, ge=1, le=15, description="Incoherent modes of the beam; 1 is full coherence"
    )
    mode_decay: float = Field(
        0.3, gt=0, lt=1, description="Occupation of each order of modes over the one before"
    )
    position_error_px: float = Field(
        0.0, ge=0, le=16, description="R.m.s. error of the stage along each axis [px]"
    )
    position_error_known: bool = Field(
        False, description="Whether the file holds the true positions, or those asked for"
    )
    background_photons_per_px: float = Field(
        0.0, ge=0, le=1e6, description="Mean photons of stray light in every pixel [photons/px]"
    )
    beam_stop_radius_px: float = Field(
        0.0, ge=0, le=256, description="Radius of the beam stop's shadow; 0 is none [px]"
    )
    point_spread_px: float = Field(
        0.0, ge=0, le=8, description="R.m.s. spread of the detector along each axis [px]"
    )
    hot_pixel_fraction: float = Field(
        0.0, ge=0, le=0.5, description="Share of the pixels that count without light"
    )
    hot_pixel_photons: float = Field(
        1000.0, gt=0, le=1e6, description="Mean counts that a hot pixel adds [photons]"
    )
    saturation_photons: int | None = Field(
        None, ge=1, lt=2**31, description="Depth of a pixel's well; none: no limit [photons]"
    )
    readout_noise_photons: float = Field(
        0.0, ge=0, le=1e4, description="R.m.s. of the Gaussian readout noise [photons]"
    )
    dead_pixel_fraction: float = Field(
        0.0, ge=0, le=0.5, description="Share of the pixels that always read zero"
    )

    @property
    def position_reach_px(self) -> int:
        """Farthest that an exposure lies from where it was asked for [px], rounded up."""
        return math.ceil(POSITION_ERROR_REACH * self.position_error_px)
