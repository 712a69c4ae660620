"""Choices of drawing that figures of several stages share."""
