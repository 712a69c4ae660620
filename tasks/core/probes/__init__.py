"""Illuminations, simulated or read from a file."""

from tasks.core.probes.params import PROBES, ProbeParams

__all__ = ["PROBES", "ProbeParams"]
