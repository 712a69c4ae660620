"""The page that a colleague opens: `report.html`, one file that needs nothing else."""
