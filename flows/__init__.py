"""Flows: the wiring of the stages, and the command line."""
