"""The plan of a run: its stages, and the files that each reads and writes."""
