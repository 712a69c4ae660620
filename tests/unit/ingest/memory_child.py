"""Import a large CXI in a process of its own, and print the most memory that it took [MiB]."""

import sys
from pathlib import Path

from tasks.core.study.stage_record import silent
from tasks.ingest.params import IngestParams
from tasks.ingest.stage import check_file
from tasks.runtime.process_lifetime import peak_memory_mib

prepared, checks = check_file(IngestParams(file=Path(sys.argv[1]), accept=("orientation",)), silent)
prepared.write_scan_cxi(Path(sys.argv[2]))
sys.stdout.write(f"{peak_memory_mib():.1f}\n")
