"""Metrics of an image against the true object."""
