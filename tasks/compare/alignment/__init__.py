"""Alignment: the region that is scored, and the gauge that is removed."""
