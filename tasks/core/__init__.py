"""What every stage shares: geometry, physics, files and the layout of the hub."""
