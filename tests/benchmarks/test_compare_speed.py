"""What a comparison costs: three arms and the controls on 512 x 512 px."""

import time

import numpy as np
import pytest

from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.stage import compare
from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import scan_box
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.stage_record import StageFiles, silent

ARMS = ("PtychoPINN", "Baseline", "PtyChi")
MAX_RATIO = 310


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    rng = np.random.default_rng(0)
    positions = jittered_raster(53, 53, 8.6, 1.0, rng) + 33.0
    probe = 30 * defocused_zone_plate_probe(64, 0.4, 0.3, 8.0)
    counts = np.ones((len(positions), 64, 64), dtype=np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {})
    write_scan(folder / "scan.cxi", scan)
    indices = list(range(len(positions)))
    write_json(
        folder / "view.json", {"view": "dense", "n_exposures": len(indices), "indices": indices}
    )
    box = scan_box(scan.positions_px, scan.n_px)
    assert min(box.shape) >= 510
    truth = make_object(
        ObjectParams(), tuple(a + b for a, b in zip(box.corner_px, box.shape, strict=True)), rng
    )
    write_object(folder / "truth.h5", ObjectWindow(truth, (0, 0)))
    for arm in ARMS:
        image = truth + 0.1 * (rng.standard_normal(truth.shape) + 0.1j)
        write_object(folder / f"{arm}.h5", ObjectWindow(image, (0, 0)))
    inputs = {"scan": "scan.cxi", "view": "view.json", "truth": "truth.h5"}
    inputs |= {arm: f"{arm}.h5" for arm in ARMS}
    outputs = {"metrics": "m.csv", "plot": "p.png", "aligned": "a.npz", "comparison": "c.json"}
    outputs |= {"frc": "f.csv", "blocks": "b.csv"}
    return StageFiles(
        {name: folder / path for name, path in inputs.items()},
        {name: folder / path for name, path in outputs.items()},
    )


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.process_time)
def test_three_arms_with_controls(files, cost_ratio):
    ratio = cost_ratio(lambda: compare(ComparisonParams(), files, silent), rounds=2)
    assert ratio < MAX_RATIO
