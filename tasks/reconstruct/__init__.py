"""Phase F: the arms reconstruct the object from the diffraction of a view."""
