"""Checks of a measured scan before hours of work."""
