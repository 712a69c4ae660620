"""From stored values to counts on the grid that every reconstructor reads."""
