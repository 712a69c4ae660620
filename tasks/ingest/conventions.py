"""What a measured scan can be like: the words that options and layouts use."""

from enum import StrEnum


class Values(StrEnum):
    """What the stored patterns are."""

    INTENSITY = "intensity"
    AMPLITUDE = "amplitude"


class ZeroFrequency(StrEnum):
    """Where the zero frequency of a stored pattern lies: at [H // 2, W // 2] or at [0, 0]."""

    CENTRE = "centre"
    CORNER = "corner"


class Moves(StrEnum):
    """What the stated positions are those of: the sample, or the probe over the object."""

    SAMPLE = "sample"
    PROBE = "probe"


class Order(StrEnum):
    """Order of the two columns of positions."""

    YX = "yx"
    XY = "xy"


class PositionUnit(StrEnum):
    """Unit of positions."""

    M = "m"
    MM = "mm"
    UM = "um"
    NM = "nm"
    PX = "px"


class MaskSense(StrEnum):
    """Which values of a mask name the pixels that can be trusted."""

    ZERO_IS_GOOD = "zero_is_good"
    NONZERO_IS_GOOD = "nonzero_is_good"


class ProbeOrigin(StrEnum):
    """Where the probe comes from; `auto` takes the scan's own, else estimates one."""

    AUTO = "auto"
    SCAN = "scan"
    OPTICS = "optics"
    FILE = "file"
    ESTIMATED = "estimated"


class Invalid(StrEnum):
    """What is done with values that no photons make: negative or not finite."""

    REFUSE = "refuse"
    MASK = "mask"


class Recentre(StrEnum):
    """Which pixel becomes the zero frequency: the stored one, or the mean pattern's centre."""

    NONE = "none"
    MASS = "mass"
