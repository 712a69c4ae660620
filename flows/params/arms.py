"""Which arms a run compares: a choice from the catalogue, and what a choice rules out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from tasks.catalogue.headline import SUBJECT
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.reconstructions.adapted import RECONSTRUCTION as ADAPTED
from tasks.catalogue.reconstructions.refined import RECONSTRUCTION as REFINED

NAMES = tuple(arm.name for arm in RECONSTRUCTIONS.arms if arm.name in RECONSTRUCTIONS.registered)
DEFAULT_ARMS = RECONSTRUCTIONS.default_arms
# Options that ask for variants, and the arms that there can be one of.
VARIANTS = {
    "refine": tuple(name for entry in REFINED for name in entry.follows),
    "adapt_steps": ADAPTED.follows,
}

if TYPE_CHECKING:
    ArmName = str
else:
    ArmName = Literal[NAMES]


class ChosenArms(Protocol):
    """The arms of a run, and its options that ask for variants of them."""

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms."""

    @property
    def refine(self) -> int:
        """Epochs of refinement; 0: none."""

    @property
    def adapt_steps(self) -> int:
        """Steps of fine-tuning; 0: none."""


def refuse_other_arms(value: object) -> object:
    """Return the value of the option as it is.

    Raises:
        ValueError: If it is a list that is empty, names an arm that there is not, or one twice.
    """
    if not isinstance(value, list | tuple):
        return value  # Of another type: the field says what it takes.
    known = f"Known are {', '.join(NAMES)}."
    if not value:
        raise ValueError(f"Name at least one arm. {known}")
    for name in value:
        if name not in NAMES:
            raise ValueError(f"{_why_missing(name)} {known}")
        if value.count(name) > 1:
            raise ValueError(f"The arm {name} is named {value.count(name)} times: name it once.")
    return value


def _why_missing(name: object) -> str:
    """Return why there is no arm of a name: its package does not import, or nobody has it."""
    if isinstance(name, str) and name in RECONSTRUCTIONS.broken:
        why = RECONSTRUCTIONS.broken[name]
        return f"The arm {name} cannot be had: {why}. Mend that package, or leave the arm out."
    near = [known for known in NAMES if known.casefold() == str(name).casefold()]
    return f"There is no arm {name!r}." + (f" Did you mean {near[0]}?" if near else "")


def in_order(arms: Sequence[str]) -> tuple[str, ...]:
    """Return names of arms: the one that is compared with the others, then those as tables go.

    That is the subject of the headline, or without it the first that was named.
    """
    first = SUBJECT.name if SUBJECT.name in arms else arms[0]
    return (first, *(name for name in NAMES if name in arms and name != first))


def refuse_lone_variants(chosen: ChosenArms) -> None:
    """Refuse (ValueError) an option that asks for variants where no arm has one."""
    for option, asked in {"refine": chosen.refine, "adapt_steps": chosen.adapt_steps}.items():
        needed = VARIANTS[option]
        if asked and not any(name in chosen.arms for name in needed):
            raise ValueError(
                f"{option}={asked} is for {' or '.join(needed)}, and the arms of the run are "
                f"{', '.join(chosen.arms)}. Leave {option} out, or add "
                f"{' or '.join(needed)} to arms."
            )


def refuse_idle_networks(arms: Sequence[str], networks_from: Path | None) -> None:
    """Refuse (ValueError) a hub to take networks from where no arm has one."""
    networks = [arm.name for arm in RECONSTRUCTIONS.networks]
    if networks_from is not None and not set(networks) & set(arms):
        raise ValueError(
            f"networks_from={networks_from} is for {' or '.join(networks)}, and the arms of the "
            f"run are {', '.join(arms)}. Leave networks_from out, or add one of them to arms."
        )
