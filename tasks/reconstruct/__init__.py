"""Phase F: from diffraction patterns to the object, by each arm."""
