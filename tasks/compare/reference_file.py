"""The file of the truth or of the reference, and whether it belongs to the scan."""

import numpy as np

from tasks.compare.alignment.region import Region, largest_rectangle
from tasks.compare.reference_object import REFERENCE, TRUTH, ReferenceObject
from tasks.core.files.object_file import ObjectWindow, TruthFingerprint, read_object
from tasks.core.files.scan_record import ScanHeader
from tasks.core.study.stage_interface import StageFiles


def read_reference_object(scan: ScanHeader, files: StageFiles, region: Region) -> ReferenceObject:
    """Read the truth or the reference of a comparison.

    Args:
        scan: Header of the scan; a simulated one names the fingerprint of its object.
        files: Input `truth` or `reference` (HDF5), exactly one, and `scan`.
        region: What is scored.

    Raises:
        ValueError: If there is none or both, or it belongs to another scan or does not cover the
            scored pixels.
    """
    given = [name for name in (TRUTH, REFERENCE) if name in files.inputs]
    if len(given) != 1:
        raise ValueError(
            f"A comparison needs the truth of a simulated scan or the reference of a measured one, "
            f"got {' and '.join(given) or 'neither'}. Name one of them as input `{TRUTH}` or "
            f"`{REFERENCE}`."
        )
    (name,) = given
    path, is_truth = files.inputs[name], name == TRUTH
    window = read_object(path)
    is_checked = is_truth and _is_named_by(scan, files, window)
    part = window.cut(region.box)
    lost = int(np.count_nonzero(~np.isfinite(part[region.mask])))
    if lost:
        raise ValueError(
            f"The {name} {path.name} does not cover {lost} of {int(region.mask.sum())} scored "
            f"pixels. It belongs to another scan, or is damaged: "
            f"{'simulate' if is_truth else 'make it'} again."
        )
    known = np.where(np.isfinite(part), part, 0.0)
    rectangle = largest_rectangle(region.mask)
    return ReferenceObject(known, region.mask, rectangle, is_truth, is_checked)


def _is_named_by(scan: ScanHeader, files: StageFiles, window: ObjectWindow) -> bool:
    """Tell whether a scan names a truth as its own; that of another scan raises ValueError."""
    named = TruthFingerprint.named_by(scan.provenance)
    if named is None:
        return False
    found = TruthFingerprint.of(window, named.box)
    if found.sha256 != named.sha256:
        path, scan_path = files.inputs[TRUTH], files.inputs["scan"]
        raise ValueError(
            f"The truth {path.name} belongs to another scan than {scan_path.name}: its fingerprint "
            f"in the box of the scan is {found.sha256[:12]}, the scan names {named.sha256[:12]}. "
            f"Give the truth that was simulated with this scan, or simulate both again."
        )
    return True
