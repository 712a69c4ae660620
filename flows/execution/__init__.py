"""A run at work: its stages in order, its failures, and what it leaves behind."""
