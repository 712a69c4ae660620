"""The focus of a zone plate, seen out of focus."""

from pydantic import BaseModel, Field

from tasks.core import Complex128
from tasks.core.physics.probe import defocused_zone_plate_probe


class ZonePlateOptions(BaseModel):
    """Pupil and defocus of a zone plate."""

    aperture_fraction: float = Field(
        0.4, gt=0, le=0.8, description="Zone plate: radius of the pupil over the highest frequency"
    )
    central_stop_fraction: float = Field(
        0.3, ge=0, lt=1, description="Zone plate: radius of the central stop over the pupil's"
    )
    defocus_rad: float = Field(
        8.0, allow_inf_nan=False, description="Zone plate: phase of the pupil at its edge [rad]"
    )


def zone_plate(n_px: int, options: ZonePlateOptions) -> Complex128:
    """Return the defocused focus of a zone plate with a central stop, of unit energy, (N, N)."""
    return defocused_zone_plate_probe(
        n_px, options.aperture_fraction, options.central_stop_fraction, options.defocus_rad
    )
