"""Phase D: which exposures of a scan a reconstruction may use."""
