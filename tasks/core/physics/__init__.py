"""Waves, probes and photons."""
