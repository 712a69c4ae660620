"""The test scan is large enough for MS-SSIM, unless that is not wanted."""

import numpy as np
import pytest

from tasks.compare.alignment.region import ComparisonParams, scored_region
from tasks.core.files.metrics_table import MS_SSIM_MIN_PX
from tasks.core.files.scan_record import Geometry, ScanHeader
from tasks.core.geometry.scored_pixels import largest_rectangle
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import silent
from tasks.simulate.fly_scan import lay_out_scans, make_probe
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

REGION = ComparisonParams().model_dump(include={"coverage_fraction", "erosion_px"})
OUTPUTS = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}


def test_a_test_region_too_small_for_ms_ssim_is_refused_unless_it_is_wanted(stage_files):
    files = stage_files(outputs=OUTPUTS)
    small = {"train_positions": (4, 4), "test_positions": (12, 12)}
    with pytest.raises(
        ValueError, match=r"at least 176 px .*Raise test_positions.*without MS-SSIM"
    ):
        simulate(SimulationParams(**small), files, silent)
    assert not any(path.exists() for path in files.outputs.values())
    simulate(SimulationParams(**small, min_test_span_px=0), files, silent)


@pytest.mark.parametrize("kind", ["raster", "fermat", "concentric", "random"])
@pytest.mark.parametrize("seed", [1, 7])
def test_the_least_span_gives_ms_ssim_its_side_in_the_dense_view(kind, seed):
    params = SimulationParams(
        scan={"kind": kind}, train_positions=(2, 2), test_positions=(23, 23), seed=seed
    )
    probe = make_probe(params)
    positions = lay_out_scans(params, energy_diameter_px(probe)).positions_px[Split.TEST]
    assert np.ptp(positions, axis=0).max() < 176 + 8
    geometry = Geometry(params.energy_ev, params.distance_m, params.detector_pixel_m)
    region = scored_region(ScanHeader(positions, probe, geometry, {}), **REGION)
    sides = [part.stop - part.start for part in largest_rectangle(region.mask)]
    assert min(sides) >= MS_SSIM_MIN_PX
