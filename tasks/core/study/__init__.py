"""What a study consists of: arms, seeds, stages, and the layout of its hub."""
