"""What a comparison with a reference says without it: held-out deviance block by block.

The test patterns are parted by where they were taken, in 3 x 3 blocks. Noise and sample differ from
block to block, so the spread of their deviances says how well their mean is known; and since every
arm predicts the same patterns, differences of two arms are taken block by block.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.catalogue.metric import VALUE
from tasks.catalogue.metrics.ms_ssim import METRIC as MS_SSIM
from tasks.catalogue.metrics.truth_free import DEVIANCE
from tasks.catalogue.reconstructions.flat import RECONSTRUCTION as FLAT
from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.evaluator import Evaluator, ModelResult
from tasks.compare.truth_free.half_sets import (
    HalfSet,
    common_region,
    held_out_scores,
    overlap_reason,
    read_half_sets,
)
from tasks.compare.truth_free.held_out import Misfit, held_out_misfit, patterns_to_predict
from tasks.core import Indices, Real
from tasks.core.files.metrics_table import N_BLOCKS
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.cut_place import AXES
from tasks.core.geometry.needed_scan import scan_for_ms_ssim
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageFiles

SIDE = round(N_BLOCKS**0.5)


def with_flat_predicted(
    results: Mapping[str, ModelResult],
    files: StageFiles,
    evaluator: Evaluator,
    params: ComparisonParams,
) -> tuple[dict[str, ModelResult], dict[str, list[float | None]]]:
    """Return results whose flat image predicts the held-out patterns too, and all block by block.

    By model the deviance per pixel of the patterns of every block, None where it has none; nothing
    where there are no half sets. ValueError as `half_set_scores`.
    """
    found = dict(results)
    halves = {
        name: read_half_sets(name, files) for name in results if f"{name}.odd" in files.inputs
    }
    some = next(iter(halves.values()), None)
    if some is None or overlap_reason(*(half.scan.header for half in some)):
        return found, {}
    if FLAT.name in results:
        box = evaluator.region.box
        flat = ObjectWindow(np.full(box.shape, results[FLAT.name].aligned.flat[0]), box.corner_px)
        odd, even = (HalfSet(half.scan, flat) for half in some)
        halves[FLAT.name] = (odd, even)
        region = common_region(odd.scan.header, even.scan.header, params)
        scores, _ = held_out_scores(odd, even, region, params.held_out_light_fraction)
        found[FLAT.name] = results[FLAT.name].with_scores(scores)
    return found, {
        name: deviance_of_blocks(*pair, params)
        for name, pair in halves.items()
        if found[name].value(DEVIANCE.name) is not None
    }


def deviance_of_blocks(odd: HalfSet, even: HalfSet, params: ComparisonParams) -> list[float | None]:
    """Return the deviance per pixel of what each half predicts of the other, by block of the scan.

    Blocks go by rows from the top left; one without a pattern has None.
    """
    region = common_region(odd.scan.header, even.scan.header, params)
    every = np.concatenate([half.scan.header.positions_px for half in (odd, even)])
    misfits = [Misfit() for _ in range(N_BLOCKS)]
    for half, other in ((odd, even), (even, odd)):
        header = other.scan.header
        window, chosen = patterns_to_predict(
            half.window, header, region, params.held_out_light_fraction
        )
        blocks = blocks_of(header.positions_px[chosen], every)
        for block in np.unique(blocks):
            part = held_out_misfit(other.scan, window, chosen[blocks == block])
            misfits[block] += part
    return [one.deviance_per_px if one.n_values else None for one in misfits]


def blocks_of(positions_px: Real, every_px: Real) -> Indices:
    """Return the block of each position (y, x), of the 3 x 3 that all positions span, (J,)."""
    first, extent = every_px.min(axis=0), np.ptp(every_px, axis=0)
    place = (positions_px - first) / extent
    row, column = np.clip((place * SIDE).astype(np.intp), 0, SIDE - 1).T
    return np.asarray(row * SIDE + column, dtype=np.intp)


def needed_scan(
    header: ScanHeader, results: Mapping[str, ModelResult], rectangle: tuple[slice, slice]
) -> str | None:
    """Return which scan would do for MS-SSIM, where the test region is too small for it."""
    cut: Mapping[str, Any] = header.provenance.get("regions", {})
    parts = [(MS_SSIM.name, part) for part in MS_SSIM.parts if part != VALUE]
    has_some = any(result.value(*part) is not None for result in results.values() for part in parts)
    is_test = header.provenance.get("split") == Split.TEST.value
    if has_some or not is_test or "extent_px" not in cut:
        return None
    sides = [part.stop - part.start for part in rectangle]
    step = measure_overlap(header.positions_px, energy_diameter_px(header.probe)).step_px
    known = header.geometry.is_known
    pixel_m = header.geometry.object_pixel_m(header.n_px) if known else None
    return scan_for_ms_ssim(sides, cut["extent_px"], AXES.index(cut["axis"]), step, pixel_m)


def held_out_record(blocks: Mapping[str, list[float | None]]) -> dict[str, Any]:
    """Return the deviances of blocks as JSON."""
    return {"n_blocks": N_BLOCKS, "deviance_per_px": dict(blocks)}
