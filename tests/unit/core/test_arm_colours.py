from tasks.core.study.arm_colours import ARM_COLOURS, OTHER_COLOUR, colour_of
from tasks.core.study.arms import Arm, Extra


def test_every_reconstruction_has_a_colour_of_its_own():
    names = [name.value for name in (*Arm, *Extra)]
    assert sorted(ARM_COLOURS) == sorted(names)
    assert len({colour_of(name) for name in names} | {OTHER_COLOUR}) == len(names) + 1
