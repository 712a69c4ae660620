"""Stage function of Phase C for a measured scan: a file of a beamline in, one prepared CXI out."""

from typing import Any

from tasks.core.study.stage_record import Progress, StageFiles
from tasks.ingest.checks import refuse_errors
from tasks.ingest.checks.all_checks import Checks, check_scan, checks_record
from tasks.ingest.checks.check_page import write_checks
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import PreparedScan, prepare
from tasks.ingest.resolved_scan import open_scan

OUTPUTS = {
    "scan": "scan.cxi",
    "checks": "checks.json",
    "page": "checks.html",
    "patterns_plot": "patterns.png",
    "positions_plot": "positions.png",
    "light_plot": "light.png",
    "orientation_plot": "orientation.png",
}
STEPS = 4


def ingest(params: IngestParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Import, check and prepare a measured scan.

    The checks are written before a scan is refused, so that a person can look at them.

    Args:
        params: The scan, what its file does not say, and how it is prepared.
        files: Outputs as in `OUTPUTS`: `scan` (CXI of all patterns, with probe and mask),
            `checks` (JSON), `page` (HTML) and the pictures (PNG).
        progress: Told after each part.

    Raises:
        ValueError: If the file cannot be read as a scan, does not say what is needed, or a check
            finds what makes a reconstruction worthless; the message names the cure.
    """
    prepared, checks = check_file(params, progress)
    write_checks(files.outputs, prepared, checks)
    refuse_errors(checks.findings, params.accept)
    dose = prepared.write_scan_cxi(files.outputs["scan"])
    progress(STEPS, STEPS, f"{len(prepared.kept)} patterns written")
    record = checks_record(prepared, checks)
    record.pop("provenance")
    return record | {"dose": dose, "geometry_known": prepared.scan.geometry is not None}


def check_file(params: IngestParams, progress: Progress) -> tuple[PreparedScan, Checks]:
    """Open, prepare and check a scan; nothing is written.

    Raises:
        ValueError: If the file cannot be read as a scan, or does not say what is needed.
    """
    scan = open_scan(params.file, params)
    count, height, width = scan.patterns.shape
    progress(1, STEPS, f"{count} patterns of {height} x {width} px, read as {scan.format}")
    prepared = prepare(scan, params)
    photons = float(prepared.statistics.light.mean()) * prepared.photon_scale.photons_per_unit
    progress(2, STEPS, f"{len(prepared.kept)} patterns of {photons:.4g} photons prepared")
    checks = check_scan(prepared)
    progress(3, STEPS, f"checked: {checks.verdict}")
    return prepared, checks
