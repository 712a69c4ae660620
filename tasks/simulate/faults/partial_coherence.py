"""Partial coherence: a beam of several modes that do not interfere."""

from pydantic import BaseModel, Field

from tasks.core import Complex128
from tasks.core.physics.probe import incoherent_modes
from tasks.simulate.faults.fault import Fault


class PartialCoherenceParams(BaseModel):
    """How many modes, and how strong they are."""

    n_modes: int = Field(
        1, ge=1, le=15, description="Incoherent modes of the beam; 1 is full coherence"
    )
    mode_decay: float = Field(
        0.3, gt=0, lt=1, description="Occupation of each order of modes over the one before"
    )


def split_into_modes(params: PartialCoherenceParams, modes: Complex128) -> Complex128:
    """Return the modes of a beam of one mode, of the same energy in all, shape (n_modes, N, N)."""
    if params.n_modes == 1:
        return modes
    if len(modes) > 1:
        raise ValueError(
            f"The probe's file has {len(modes)} modes of its own, and n_modes={params.n_modes} "
            f"asks for others. Set n_modes to 1, or give a file with one mode."
        )
    return incoherent_modes(modes[0], params.n_modes, params.mode_decay)


PARTIAL_COHERENCE = Fault(
    PartialCoherenceParams,
    modes=split_into_modes,
    examples={"n_modes 6": {"n_modes": 6, "mode_decay": 0.6}},
)
