"""Objects of all rows in one frame: that of the scan, or of what they are held against."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tasks.compare.placement.orientation import ORIENTATIONS
from tasks.compare.placement.place import (
    SAME_PIXEL,
    Placement,
    pixel_scale,
    placed,
    placed_by_file,
    stated_place,
)
from tasks.compare.score.params import ScoreFiles, ScoreParams
from tasks.compare.score.threads import for_each
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_reader import ScanReader, open_view
from tasks.object_readers import read_stored_object
from tasks.object_readers.stored_object import StoredObject


@dataclass(frozen=True)
class Inputs:
    """What is scored, and against what.

    Attributes:
        scan: The exposures; None without a scan.
        base: The object that the others are held against, in the frame.
        placements: The objects in the frame, by row, the first one too where it is the base.
        formats: Names of their formats, by row.
        base_format: Name of the format of the base.
        pixel_m: Side of a pixel of the frame [m]; None where nobody knows it.
    """

    scan: ScanReader | None
    base: ObjectWindow
    placements: dict[str, Placement]
    formats: dict[str, str]
    base_format: str
    pixel_m: float | None


def read_inputs(files: ScoreFiles, params: ScoreParams) -> Inputs:
    """Read all objects and place them.

    Raises:
        ValueError: If a file cannot be read, pixels differ by more than a factor of four, or an
            object has no place.
    """
    scan = None if files.scan is None else _scan(files)
    objects = {name: _stored(name, path, files.pixel_m) for name, path in files.objects.items()}
    first = next(iter(objects))
    if files.base is None:
        stored = objects[first]
    else:
        stored = _stored(files.base_name, files.base, files.pixel_m)
    base_name = first if files.base is None else files.base.name
    pixel_m = stored.pixel_m if scan is None else _scan_pixel(scan, stored, base_name)
    base = _base_window(stored, base_name, is_in_scan=scan is not None)
    has_place = stored.origin_px is not None

    def place(name: str) -> Placement:
        one = objects[name]
        if files.base is None and name == first:
            return placed_by_file(base, one.object_, base.origin_px, None)
        scale = pixel_scale(name, one.pixel_m, pixel_m)
        return _placed(name, one, (base, has_place), scale, params)

    placements = dict(zip(objects, for_each(place, objects), strict=True))
    formats = {name: one.format_name for name, one in objects.items()}
    return Inputs(scan, base, placements, formats, stored.format_name, pixel_m)


def _scan(files: ScoreFiles) -> ScanReader:
    if files.scan is None or not files.scan.is_file():
        raise ValueError(f"The scan {files.scan} is not there. Give the CXI of the patterns.")
    return ScanReader(files.scan) if files.view is None else open_view(files.scan, files.view)


def _stored(name: str, path: Path, pixel_m: Mapping[str, float]) -> StoredObject:
    """Read an object, its pixel as it was told where the file has none."""
    found, told = read_stored_object(path), pixel_m.get(name)
    if found.pixel_m is None:
        return replace(found, pixel_m=told or pixel_m.get(""))
    if told is not None and abs(told / found.pixel_m - 1) > SAME_PIXEL:
        raise ValueError(
            f"{path.name} states pixels of {found.pixel_m:g} m, but --pixel-size says {told:g} m "
            f"for {name}. Leave the option out, or correct the file."
        )
    return found


def _scan_pixel(scan: ScanReader, base: StoredObject, name: str) -> float | None:
    """Return the side of a pixel of the scan; refuse a base of other pixels."""
    header = scan.header
    if not header.geometry.is_known:
        return None
    pixel_m = header.geometry.object_pixel_m(header.n_px)
    if base.pixel_m is not None and abs(base.pixel_m / pixel_m - 1) > SAME_PIXEL:
        raise ValueError(
            f"{name} has pixels of {base.pixel_m:g} m, the scan of {pixel_m:g} m. What the others "
            f"are held against is never resampled: leave --scan out, or name the object of "
            f"this scan."
        )
    return pixel_m


def _base_window(stored: StoredObject, name: str, *, is_in_scan: bool) -> ObjectWindow:
    """Return what objects are held against, at the nearest whole pixel of the frame."""
    if stored.origin_px is None:
        if is_in_scan:
            raise ValueError(
                f"{name} does not say where it lies in the scan. Leave --scan out, or name a file "
                f"with a place: HDF5 of this project, CXI, .ptyr or a product of Ptychodus."
            )
        return ObjectWindow(stored.object_, (0, 0))
    row, column = (int(np.floor(place + 0.5)) for place in stored.origin_px)
    return ObjectWindow(stored.object_, (row, column))


def _placed(
    name: str,
    stored: StoredObject,
    base: tuple[ObjectWindow, bool],
    scale: float | None,
    params: ScoreParams,
) -> Placement:
    """Return an object where its file says, or where it is found."""
    (window, has_place), how = base, params.placement
    orientations = ORIENTATIONS if params.orientation == "any" else ORIENTATIONS[:1]
    if not has_place or how == "search":
        stored = replace(stored, origin_px=None)
    if how != "file":
        return placed(window, stored, scale, name, orientations)
    by_file = stated_place(window, stored, scale)
    if by_file is None:
        raise ValueError(
            f"{name} does not say where it lies, or what it is held against does not. Leave "
            f"--placement file out, and it is looked for."
        )
    return by_file
