"""One colour per reconstruction, the same in every figure.

The palette of Okabe and Ito, "Color Universal Design" (2008), which people with the common kinds of
colour blindness can tell apart; a grey stands beside its black.
"""

from tasks.core.study.arms import Arm, Extra

ARM_COLOURS = {
    Arm.PTYCHOPINN.value: "#0072B2",
    Arm.BASELINE.value: "#D55E00",
    Arm.PTYCHI.value: "#009E73",
    Extra.ADAPTED.value: "#56B4E9",
    Extra.REFINED.value: "#CC79A7",
    Extra.REFINED_BASELINE.value: "#E69F00",
    Extra.PROJECTIONS.value: "#000000",
    Extra.LONGER_PROJECTIONS.value: "#7F7F7F",
}
# Lighter ones of the same hues, for a dark ground.
DARK_ARM_COLOURS = {
    Arm.PTYCHOPINN.value: "#4AA3DF",
    Arm.BASELINE.value: "#F58A4B",
    Arm.PTYCHI.value: "#2DC79A",
    Extra.ADAPTED.value: "#A6DCFF",
    Extra.REFINED.value: "#E5A9CC",
    Extra.REFINED_BASELINE.value: "#F5BE41",
    Extra.PROJECTIONS.value: "#FFFFFF",
    Extra.LONGER_PROJECTIONS.value: "#A9A9A9",
}
OTHER_COLOUR = "#595959"


def colour_of(model: str) -> str:
    """Return the colour of an arm or extra as `#RRGGBB`; a dark grey for what has none."""
    return ARM_COLOURS.get(model, OTHER_COLOUR)
