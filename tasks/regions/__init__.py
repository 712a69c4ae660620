"""Phase C for measured scans: a training and a test region, apart from each other."""
