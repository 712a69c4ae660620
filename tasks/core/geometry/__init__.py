"""Positions, patches, and groups of neighbours."""
