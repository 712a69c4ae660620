"""A solver that a person brings as a command."""
