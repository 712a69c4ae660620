"""What a study compares, and by what: the catalogues of reconstructions and of metrics."""
