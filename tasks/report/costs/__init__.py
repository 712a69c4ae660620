"""What each reconstruction costs."""
