"""Deltas, and how well they are known."""
