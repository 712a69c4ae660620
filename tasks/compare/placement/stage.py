"""Stage function that brings an object of another program into the frame of a scan.

The object is one of a file that a person names, or what a command has made of the same exposures.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from tasks.compare.alignment.region import (
    ComparisonParams,
    inside_every_window,
    scored_region,
)
from tasks.compare.placement.place import (
    EQUAL_PIXELS,
    PLACEMENT,
    NotPlacedError,
    Placement,
    pixel_scale,
    placed,
)
from tasks.compare.placement.scan_gauge import in_scan_gauge
from tasks.compare.reference_object import REFERENCE, TRUTH
from tasks.core import StrictModel
from tasks.core.files.named_files import KnownFile
from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.files.scan_reader import open_view
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.patches import scan_box
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.object_readers import read_stored_object
from tasks.object_readers.phase_g import read_handed_over
from tasks.object_readers.stored_object import StoredObject


class PlacingParams(StrictModel):
    """Which object is brought into the frame, and how much of the region it must hold."""

    row: str = Field(min_length=1, description="Row of the tables that it becomes")
    object_file: KnownFile | None = Field(
        None, description="File of the object; none: the input `solution`"
    )
    comparison: ComparisonParams = Field(
        ComparisonParams(), description="What is scored, to refuse what does not cover it"
    )


def place_object(params: PlacingParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Place an object of another program on the pixels of a scan's frame, and say how.

    Its file says where it lies, or it is looked for in the truth: over shift, the eight turns, the
    twin image and, where a file that a person names states no pixel, its scale. What a command has
    made is brought into the gauge of the patterns that it was given. Inputs are `scan`
    (CXI), `view` (JSON), `truth` or `reference` (HDF5), and `solution` (HDF5) of a command. The
    output is `reconstruction` (HDF5), with the placement among its facts.

    Raises:
        ValueError: If the object cannot be read, has no place that can be decided, or does not
            cover what is scored.
    """
    named = params.object_file
    if named is None:
        what, stored = params.row, read_handed_over(files.inputs["solution"])
    else:
        what, stored = f"{params.row}={named.path.name}", read_stored_object(named.path)
    scan = open_view(files.inputs["scan"], files.inputs["view"])
    header = scan.header
    base_name = TRUTH if TRUTH in files.inputs else REFERENCE
    base = part_below(read_object(files.inputs[base_name]), header)
    found = _placed_on(base, stored, header, what, is_of_scan=named is None)
    region = scored_region(
        header, params.comparison.coverage_fraction, params.comparison.erosion_px
    )
    least = params.comparison.min_window_coverage
    inside_every_window(region, {params.row: found.window}, {params.row: what}, least)
    facts = {PLACEMENT: found.record | {"format": stored.format_name, "held_against": base_name}}
    window = found.window
    if named is None:
        window, gauge = in_scan_gauge(window, scan)
        facts[PLACEMENT] |= {} if gauge is None else {"scan_gauge": gauge.record}
    object_ = window.object_.astype(np.complex64)
    write_object(files.outputs["reconstruction"], replace(window, object_=object_, facts=facts))
    progress(1, 1, f"placed {params.row}: {found.text}")
    return {"row": params.row, **facts}


def part_below(base: ObjectWindow, scan: ScanHeader) -> ObjectWindow:
    """Return the part of an object that the patterns of a scan see; NaN where it holds none."""
    box = scan_box(scan.positions_px, scan.n_px)
    return ObjectWindow(base.cut(box), box.corner_px)


def _placed_on(
    base: ObjectWindow, stored: StoredObject, scan: ScanHeader, what: str, *, is_of_scan: bool
) -> Placement:
    """Place an object, and say in the words of a run what else could be done.

    One that was made of this scan has its pixels, unless its file says otherwise.
    """
    known = scan.geometry.is_known
    pixel_m = scan.geometry.object_pixel_m(scan.n_px) if known else None
    is_assumed = is_of_scan and stored.pixel_m is None
    try:
        scale = 1.0 if is_assumed else pixel_scale(what, stored.pixel_m, pixel_m)
        found = placed(base, stored, scale, what)
    except NotPlacedError as error:
        raise ValueError(
            f"{error.why} Save it with its place or its pixel size, as CXI, .ptyr or a product of "
            f"Ptychodus hold them, or leave it out of the run; `python -m tasks.compare score` "
            f"takes a pixel size and an orientation too."
        ) from error
    return replace(found, scale_source=EQUAL_PIXELS) if is_assumed else found
