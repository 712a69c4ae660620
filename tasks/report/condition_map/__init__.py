"""The deltas over dose and overlap."""
