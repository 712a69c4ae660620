"""Reconstructions in the files that other programs open."""
