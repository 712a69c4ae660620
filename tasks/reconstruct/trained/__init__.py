"""A scan and a trained network from the command line: checks, object, refinement, picture."""
