"""The illumination of a simulated scan, checked before anything is exposed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.physics.probe import (
    edge_energy_fraction,
    energy_diameter_px,
    full_width_half_maximum_px,
    unit_energy,
)
from tasks.core.probes import PROBES
from tasks.simulate.instrument import modes_of_beam
from tasks.simulate.params import SimulationParams

EDGE_ENERGY_LIMIT = 0.01


def make_probe(params: SimulationParams) -> NDArray[np.complex128]:
    """Return the strongest mode of the probe, of unit energy, shape (N, N).

    It is the same to the last bit whatever the coherence.

    Raises:
        ValueError: As `make_probe_modes`.
    """
    modes = make_probe_modes(params)
    probe = PROBES[params.probe.kind].make(params.probe)
    return probe if probe.ndim == 2 else unit_energy(modes[0])


def make_probe_modes(params: SimulationParams) -> NDArray[np.complex128]:
    """Return the incoherent modes of the probe, of unit energy in all.

    Returns:
        Modes, shape (M, N, N), the strongest first; one of them for full coherence.

    Raises:
        ValueError: If the array cuts off more than 1 % of the energy, or modes are asked for where
            the file of the probe has its own.
    """
    options = params.probe
    kind = PROBES[options.kind]
    probe = kind.make(options)
    modes = modes_of_beam(params.instrument, probe if probe.ndim == 3 else probe[None])
    lost = edge_energy_fraction(modes)
    if lost > EDGE_ENERGY_LIMIT:
        raise ValueError(
            f"The probe does not fit its array of {options.n_px} px: {lost:.1%} of its energy lies "
            f"within 2 px of the edge, at most {EDGE_ENERGY_LIMIT:.0%} is allowed. "
            f"{kind.how_to_shrink.format_map(dict(options))} or raise n_px."
        )
    return modes


def probe_facts(
    probe: NDArray[np.complexfloating], modes: NDArray[np.complexfloating]
) -> dict[str, Any]:
    """Return the size of a probe.

    Args:
        probe: The strongest mode, shape (N, N). The diameters are its own, and the step of the
            scan follows them, so that positions do not depend on the coherence.
        modes: All modes, shape (M, N, N).

    Returns:
        Diameters and the energy at the edge; of several modes the diameter of all together, and
        their shares of the energy.
    """
    facts: dict[str, Any] = {
        "probe_diameter_px": energy_diameter_px(probe),
        "probe_full_width_half_maximum_px": full_width_half_maximum_px(probe),
        "probe_edge_energy_fraction": edge_energy_fraction(modes),
    }
    if len(modes) > 1:
        energies = np.sum(np.abs(modes) ** 2, axis=(1, 2))
        facts["all_modes_diameter_px"] = energy_diameter_px(modes)
        facts["mode_occupations"] = (energies / energies.sum()).tolist()
    return facts
