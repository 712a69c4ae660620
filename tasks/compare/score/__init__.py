"""Scores of objects of any program, without a run."""
