"""Metrics that need no truth: what two halves of a scan tell of each other."""
