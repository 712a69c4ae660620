"""What several metrics share: pairs of images, their similarity maps, ring correlations, blocks."""
