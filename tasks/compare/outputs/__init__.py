"""The files of a comparison."""
