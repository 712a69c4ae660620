"""What reconstructions are held against: the truth, or a reference where nobody knows it.

The reference of a measured scan is the iterative solver's reconstruction of all its patterns. A
distance to it is a disagreement, not an error; and the solver's own distance to it is that of one
program from itself, on the same patterns: no measure of quality, so it is left out of the metrics
and told apart as the floor below which a disagreement means nothing.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tasks.catalogue.metric import AMPLITUDE, PARTS, PHASE, VALUE
from tasks.catalogue.metrics.complex_nrmse import relative_error
from tasks.catalogue.scoring.image_pair import ImagePair, TrueImage
from tasks.compare.alignment.region import Region
from tasks.core import Complex, Mask, Real
from tasks.core.files.object_file import ObjectWindow, TruthFingerprint, read_object
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.scored_pixels import largest_rectangle
from tasks.core.physics.forward import phase_from_minimum, phase_on_branch, wrap
from tasks.core.study.stage_record import StageFiles

TRUTH, REFERENCE = "truth", "reference"


@dataclass(frozen=True)
class ReferenceObject:
    """An object that reconstructions are held against, and the pixels that are scored.

    Attributes:
        object_: In the box of the region, zero where it is not known, shape (H, W).
        mask: Scored pixels, shape (H, W).
        rectangle: Rows and columns of the largest rectangle inside the mask.
        is_truth: Whether it is the true object.
        is_checked: Whether the scan names it as its own; a measured scan names none.
    """

    object_: Complex
    mask: Mask
    rectangle: tuple[slice, slice]
    is_truth: bool = True
    is_checked: bool = False

    @property
    def name(self) -> str:
        """What to call it in files: truth or reference."""
        return TRUTH if self.is_truth else REFERENCE

    @cached_property
    def angle(self) -> Real:
        """Its argument [rad], shape (H, W)."""
        return np.angle(self.object_)

    @cached_property
    def parts(self) -> dict[str, TrueImage]:
        """Complex values, amplitude, and phase [rad] on one branch, from its minimum."""
        images = {
            AMPLITUDE: np.abs(self.object_),
            PHASE: phase_from_minimum(self.object_, self.mask),
        }
        parts = {
            part: TrueImage(image, float(np.ptp(image[self.mask])), self.mask, self.rectangle)
            for part, image in images.items()
        }
        whole = TrueImage(self.object_, mask=self.mask, rectangle=self.rectangle)
        return {VALUE: whole} | parts

    def parts_of(self, image: Complex) -> dict[str, Real]:
        """Return amplitude, and phase [rad] on the branch of this object's, at most pi away."""
        phase = phase_on_branch(image, self.angle, self.parts[PHASE].values)
        return {AMPLITUDE: np.abs(image), PHASE: phase}

    def pairs(self, image: Complex) -> dict[str, ImagePair]:
        """Return an image beside this object, as metrics are given them, by part.

        ValueError if a scored pixel is not finite, or shapes differ.
        """
        whole = ImagePair(image, self.parts[VALUE])
        parts = self.parts_of(image)
        return {VALUE: whole} | {part: ImagePair(parts[part], self.parts[part]) for part in PARTS}


def differences(image: Complex, base: Complex, mask: Mask) -> tuple[float, float, float]:
    """Return how far two images of one gauge are apart in a mask, all of shape (H, W).

    Returns:
        Relative complex difference, and mean absolute difference of the amplitude and of the
        wrapped phase [rad], where 2 pi is no difference.
    """
    amplitudes = np.abs(np.abs(image) - np.abs(base))
    phases = np.abs(wrap(np.angle(image) - np.angle(base)))
    relative = relative_error(image[mask], base[mask])
    return relative, float(np.mean(amplitudes[mask])), float(np.mean(phases[mask]))


def read_reference_object(scan: ScanHeader, files: StageFiles, region: Region) -> ReferenceObject:
    """Read the input `truth` or `reference` (HDF5) of a comparison, exactly one.

    A simulated scan names the fingerprint of its object.

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
