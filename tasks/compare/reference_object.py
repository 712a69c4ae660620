"""What reconstructions are held against: the truth, or a reference where nobody knows it.

The reference of a measured scan is pty-chi's reconstruction of all its patterns. A distance to it
is a disagreement, not an error; and pty-chi's own distance to it is that of one program from
itself, on the same patterns: no measure of quality, so it is left out of the metrics and told
apart as the floor below which a disagreement means nothing.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.compare.evaluator import AREA, CROSSING, ModelResult
from tasks.compare.scores import Complex, Scores
from tasks.compare.truth_file import read_truth
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.scan_box import Box
from tasks.core.study.arms import Arm
from tasks.core.study.stage_interface import StageFiles

TRUTH, REFERENCE = "truth", "reference"
SELF_COMPARISON = (
    "the reference is PtyChi's own reconstruction of the same patterns: its distance from that is "
    "no measure of quality"
)


@dataclass(frozen=True)
class Yardstick:
    """An object that reconstructions are held against.

    Attributes:
        object_: In the box of the region, zero where it is not known, shape (H, W).
        is_truth: Whether it is the true object.
        is_checked: Whether the scan names it as its own; a measured scan names none.
    """

    object_: Complex
    is_truth: bool
    is_checked: bool

    @property
    def name(self) -> str:
        """What to call it in files: truth or reference."""
        return TRUTH if self.is_truth else REFERENCE

    def fair(self, model: str, result: ModelResult) -> ModelResult:
        """Return a result without what the yardstick cannot judge, each with the reason."""
        if self.is_truth or model != Arm.PTYCHI.value:
            return result
        return _without_scores(result, SELF_COMPARISON)


def read_yardstick(
    scan: ScanHeader, files: StageFiles, box: Box, mask: NDArray[np.bool_]
) -> Yardstick:
    """Read the truth or the reference of a comparison.

    Args:
        scan: Header of the scan.
        files: Input `truth` or `reference` (HDF5), exactly one, and `scan`.
        box: Part of the object's frame that is compared.
        mask: Pixels that must be known, of the box's shape.

    Raises:
        ValueError: If there is none or both, or it belongs to another scan or does not cover the
            mask.
    """
    given = [name for name in (TRUTH, REFERENCE) if name in files.inputs]
    if len(given) != 1:
        raise ValueError(
            f"A comparison needs the truth of a simulated scan or the reference of a measured one, "
            f"got {' and '.join(given) or 'neither'}. Name one of them as input `{TRUTH}` or "
            f"`{REFERENCE}`."
        )
    if given[0] == TRUTH:
        truth = read_truth(scan.provenance, files.inputs["scan"], files.inputs[TRUTH])
        return Yardstick(truth.in_box(box, mask), is_truth=True, is_checked=truth.is_checked)
    path = files.inputs[REFERENCE]
    part = read_object(path).cut(box.corner_px, box.shape)
    lost = int(np.count_nonzero(~np.isfinite(part[mask])))
    if lost:
        raise ValueError(
            f"The reference {path.name} does not cover {lost} of {int(mask.sum())} scored pixels. "
            f"It belongs to another scan, or is damaged: make it again."
        )
    known = np.where(np.isfinite(part), part, 0.0)
    return Yardstick(known, is_truth=False, is_checked=False)


def _without_scores(result: ModelResult, reason: str) -> ModelResult:
    """Return a result whose metrics against the yardstick are None, with the reason."""
    lost = [*result.gauged.pairs, "complex_nrmse", CROSSING, AREA]
    return replace(
        result,
        raw=_emptied(result.raw),
        gauged=_emptied(result.gauged),
        curve=None,
        scalars=result.scalars | {CROSSING: None, AREA: None},
        reasons=dict.fromkeys(lost, reason),
    )


def _emptied(scores: Scores) -> Scores:
    """Return scores of the same metrics, all None."""
    nothing = (None, None)
    return Scores(
        dict.fromkeys(scores.pairs, nothing), None, {}, dict.fromkeys(scores.blocks, nothing)
    )
