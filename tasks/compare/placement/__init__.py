"""Placement: where an object of any file lies in the frame of another, and which way round."""
