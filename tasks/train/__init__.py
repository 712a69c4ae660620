"""Phase E: training the networks, on diffraction alone or on true amplitude and phase."""
