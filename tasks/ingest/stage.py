"""Stage function of Phase C for a measured scan: a file of a beamline in, one prepared CXI out."""

from typing import Any

from tasks.core.stages import Progress, StageFiles
from tasks.ingest.params import IngestParams

OUTPUTS = {
    "scan": "scan.cxi",
    "checks": "checks.json",
    "page": "checks.html",
    "patterns_plot": "patterns.png",
    "positions_plot": "positions.png",
    "light_plot": "light.png",
    "orientation_plot": "orientation.png",
}


def ingest(params: IngestParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Import, check and prepare a measured scan.

    Args:
        params: The scan, what its file does not say, and how it is prepared.
        files: Outputs as in `OUTPUTS`: `scan` (CXI of all patterns, with probe and mask),
            `checks` (JSON), `page` (HTML) and the pictures (PNG).
        progress: Told after each part.

    Returns:
        Number of patterns, geometry, verdict and findings of the checks.

    Raises:
        ValueError: If the file cannot be read as a scan, does not say what is needed, or a check
            finds what makes a reconstruction worthless; the message names the cure.
    """
    raise ValueError("The parts of the import are not joined yet.")
