"""Files of other programs, read within limits."""
