"""Phase C for measured scans: importers, checks before hours of work, preparation."""
