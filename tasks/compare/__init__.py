"""Phase G: one region, one gauge and one set of metrics for every arm."""
