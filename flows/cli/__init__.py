"""The two command lines, and how they start."""
