"""To thin a measured scan that is left without a view is refused before anything runs."""

from dataclasses import replace

import numpy as np
import pytest

from flows.params.measured import MeasuredParams
from flows.params.run import PhaseGParams
from flows.planning.measured_cut import foreseen_cut, refuse_no_view
from flows.planning.plan import make_plan
from tasks.core.files.scan_file import write_scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.physics.probe import energy_diameter_px
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import foreseen_probe, prepare
from tasks.ingest.resolved_scan import open_scan
from tasks.runtime.errors import BadInputError
from tasks.views.params import View

REGIONS = {"guard_px": 8.0}


@pytest.fixture
def placed(tmp_path, scan):
    """Write the scan with positions on a raster of 10 x 10 with a step [px]."""

    def write(step_px, name="scan.cxi"):
        positions = 40 + jittered_raster(10, 10, step_px, 0.2, np.random.default_rng(7))
        write_scan(tmp_path / name, replace(scan, positions_px=positions))
        return tmp_path / name

    return write


def planned(path, **options):
    measured = MeasuredParams(file=path, regions=REGIONS, **options)
    return make_plan(PhaseGParams(measured=measured))


def diameter_px(path):
    params = IngestParams(file=path)
    return energy_diameter_px(foreseen_probe(open_scan(path, params), params))


def test_a_coarse_scan_has_no_dense_view(placed, scan):
    path = placed(0.8 * diameter_px(placed(4.0)))
    with pytest.raises(BadInputError, match=r"--measured\.thin leaves no dense view of the train"):
        planned(path, thin=True)
    assert planned(path)


def test_the_message_says_the_cure_and_not_that_of_a_simulation(placed):
    path = placed(0.8 * diameter_px(placed(4.0)))
    with pytest.raises(BadInputError, match=r"should overlap by 0\.70.*Leave out --measured\.thin"):
        planned(path, thin=True)
    with pytest.raises(BadInputError) as told:
        planned(path, thin=True)
    assert "scan.overlap_ratio" not in str(told.value)


def test_a_scan_that_can_be_thinned_is_planned(placed):
    step = 0.29 * diameter_px(placed(4.0))
    assert planned(placed(step), thin=True)


def test_a_sparse_view_of_a_small_fine_scan_is_too_few(placed):
    path = placed(0.12 * diameter_px(placed(4.0)))
    params = IngestParams(file=path)
    scan = open_scan(path, params)
    regions = MeasuredParams(file=path, regions={"guard_px": 2.0}).regions
    with pytest.raises(ValueError, match="leaves no sparse view"):
        refuse_no_view(foreseen_cut(scan, params, regions), View.SPARSE)


def test_the_diameter_is_about_that_of_the_prepared_scan(placed):
    path = placed(4.0)
    params = IngestParams.model_validate({"file": path, "probe": {"origin": "estimated"}})
    scan = open_scan(path, params)
    expected = prepare(scan, params).guess.facts["diameter_px"]
    assert energy_diameter_px(foreseen_probe(scan, params)) == pytest.approx(expected, rel=0.1)
