"""How alike two probes are, whatever their photons and their global phase."""

import numpy as np

from tasks.core import Complex

# Probes that are less alike are two probes.
LEAST_LIKENESS = 0.9


def probe_likeness(one: Complex, other: Complex) -> float:
    """Return the normed inner product of two probes, from 0 (nothing in common) to 1 (the same).

    Of single modes it is |<p, q>| / (|p| |q|). Of several incoherent modes it is that of their
    mutual intensities J = sum p p^H: the root of Tr(J K) / sqrt(Tr(J^2) Tr(K^2)), which is the same
    for one mode and does not depend on how light is divided into modes.

    Args:
        one: Probe, shape (N, N), or its modes, (M, N, N), not dark.
        other: Another one, of the same N; it may have another number of modes.

    Raises:
        ValueError: If the two are not of one size.
    """
    if one.shape[-2:] != other.shape[-2:]:
        raise ValueError(
            f"Only probes of one size can be held against each other, got {one.shape[-2:]} and "
            f"{other.shape[-2:]} px. Crop or pad one of them."
        )
    first, second = (probe.reshape(-1, probe.shape[-1] ** 2) for probe in (one, other))
    norms = _common_energy(first, first) * _common_energy(second, second)
    return float(min(1.0, np.sqrt(_common_energy(first, second) / np.sqrt(norms))))


def _common_energy(one: Complex, other: Complex) -> float:
    """Return Tr(J K) of modes (M, N * N) and (L, N * N)."""
    return float(np.sum(np.abs(one.conj() @ other.T) ** 2))
