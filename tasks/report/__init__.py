"""The end of Phase G: comparisons in, summary, deltas and texts out."""
