"""Reports in words and tables."""
