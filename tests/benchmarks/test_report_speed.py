"""What the reports of a sweep cost: three doses, two views, three seeds and both splits."""

import itertools
import shutil
import time

import numpy as np
import pytest

from flows.cli.without_a_run import report
from tasks.catalogue.reconstructions import RECONSTRUCTIONS, is_image
from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.stage import compare
from tasks.core.files.atomic_files import write_json, write_text
from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import scan_box
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.hub_layout import COST_TABLE, METRICS_SUMMARY, REPORT_PAGE
from tasks.core.study.stage_record import StageFiles, silent
from tasks.report.costs.cost_table import write_costs
from tasks.report.costs.costs import ArmCost
from tasks.report.page.page_files import STATE
from tasks.report.page.write import SIZE_LIMIT_BYTES
from tasks.report.records.comparisons import ComparisonKey

KEYS = [
    ComparisonKey.of(dose, view, split, seed)
    for dose, view, seed, split in itertools.product(
        (1e3, 1e4, 1e5), ("dense", "sparse"), (1, 2, 3), ("train", "test")
    )
]
# Those that a run makes by default: further arms are more work.
ROWS = [
    RECONSTRUCTIONS.get(name)
    for name in RECONSTRUCTIONS.of_run(RECONSTRUCTIONS.default_arms)
    if not is_image(RECONSTRUCTIONS.get(name))
]
MAX_RATIO = 550


def put_comparison(folder):
    """Compare noisy copies of an object under the names of all reconstructions of a run."""
    rng = np.random.default_rng(0)
    positions = jittered_raster(25, 25, 8.2, 1.0, rng) + 33.0
    probe = 30 * defocused_zone_plate_probe(64, 0.4, 0.3, 8.0)
    counts = np.ones((len(positions), 64, 64), dtype=np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {})
    write_scan(folder / "scan.cxi", scan)
    indices = list(range(len(positions)))
    view = {"view": "dense", "n_exposures": len(indices), "indices": indices}
    write_json(folder / "view.json", view)
    box = scan_box(scan.positions_px, scan.n_px)
    shape = tuple(a + b for a, b in zip(box.corner_px, box.shape, strict=True))
    truth = make_object(ObjectParams(), shape, rng)
    write_object(folder / "truth.h5", ObjectWindow(truth, (0, 0)))
    inputs = {"scan": "scan.cxi", "view": "view.json", "truth": "truth.h5"}
    for number, name in enumerate(ROWS, start=1):
        image = truth + 0.02 * number * (rng.standard_normal(truth.shape) + 0.5j)
        write_object(folder / f"{name.slug}.h5", ObjectWindow(image, (0, 0)))
        inputs[name.name] = f"{name.slug}.h5"
    outputs = {"metrics": "comparison_metrics.csv", "frc": "frc_curves.csv"}
    outputs |= {"blocks": "block_metrics.csv", "aligned": "reconstructions_aligned.npz"}
    outputs |= {"plot": "comparison_plot.png", "comparison": "comparison.json"}
    files = StageFiles(
        {name: folder / path for name, path in inputs.items()},
        {name: folder / "made" / path for name, path in outputs.items()},
    )
    compare(ComparisonParams(), files, silent)
    return folder / "made"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A hub of 36 comparisons, all of them the same but for the name."""
    hub, made = tmp_path_factory.mktemp("sweep"), put_comparison(tmp_path_factory.mktemp("one"))
    steps = "".join(f"{n},{1 / (n + 1)},0.001,\n" for n in range(1500))
    epochs = "".join(f"{n},{1 / n}\n" for n in range(1, 61))
    costs = []
    for key in KEYS:
        shutil.copytree(made, hub / key.analysis_folder)
        place = f"{key.place.folder}/{key.view}"
        for slug in ("ptychopinn", "baseline"):
            path = hub / f"data/phase_e/{place}/{slug}/gs1/history.csv"
            write_text(path, f"step,loss,learning_rate,held_out_loss\n{steps}")
        for slug in ("ptychi", "ptychopinn_refined", "baseline_refined"):
            path = hub / f"data/phase_f/{place}/{key.split}/{slug}_history.csv"
            write_text(path, f"epoch,loss\n{epochs}")
        costs += [
            ArmCost(name.name, key, 4.0 * n, 3.0 * n, 60.0, 512.0, 625, 7.5, 2.0)
            for n, name in enumerate(ROWS, start=1)
        ]
    write_costs(hub / COST_TABLE, costs)
    return hub


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.process_time)
def test_the_reports_of_a_sweep_again(sweep, cost_ratio):
    def forget():
        for name in (METRICS_SUMMARY, STATE):
            (sweep / name).unlink(missing_ok=True)

    def work():
        assert report(sweep, verify=True) == 0

    ratio = cost_ratio(
        work,
        rounds=2,
        is_slow_at_first=True,
        before=forget,
    )
    assert len(KEYS) == 36
    assert ratio < MAX_RATIO
    assert (sweep / REPORT_PAGE).stat().st_size < SIZE_LIMIT_BYTES
