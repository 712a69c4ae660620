"""The records that a hub holds, read back."""
