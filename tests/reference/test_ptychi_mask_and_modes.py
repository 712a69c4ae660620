"""pty-chi with a detector's mask and a beam's modes: knowing them pays."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.alignment.region import scored_region
from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct.params import PtyChiParams
from tasks.simulate.params import InstrumentParams, SimulationParams
from tasks.simulate.stage import simulate

PARAMS = PtyChiParams(n_epochs=30, batch_size=16, device="cpu")
# By the part of a scan's file that tells of it.
INSTRUMENTS = {
    "pixel_mask": InstrumentParams(
        hot_pixel_fraction=0.02, dead_pixel_fraction=0.02, beam_stop_radius_px=5.0
    ),
    "modes": InstrumentParams(n_modes=3, mode_decay=0.4),
}

pytestmark = pytest.mark.slow


def make_scan(folder, instrument):
    """Simulate a small scan, and a view of all its exposures."""
    params = SimulationParams(
        photons_per_pattern=1e5,
        train_positions=(2, 2),
        test_positions=(10, 10),
        min_test_span_px=0,
        instrument=instrument,
        seed=7,
    )
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    files = StageFiles({}, {name: folder / file for name, file in names.items()})
    simulate(params, files, silent)
    view = {"view": "dense", "n_exposures": 100, "indices": list(range(100))}
    write_json(folder / "view.json", view)
    return read_scan(folder / "test.cxi")


def error_of(folder, scan):
    """Return the relative complex error of a reconstruction in the gauge of the truth."""
    region = scored_region(scan.header, 0.05, 4.0)
    truth = read_object(folder / "truth.h5").cut(region.box)
    image = read_object(folder / "made.h5").cut(region.box)
    gauge = fit_gauge(image, truth, region.weights, max_shift_px=2.0)
    aligned = remove_gauge(image, gauge, region.lit)
    return np.linalg.norm((aligned - truth)[region.mask]) / np.linalg.norm(truth[region.mask])


@pytest.fixture(scope="module")
def errors(tmp_path_factory, run_ptychi):
    """Errors of scans as they are, and with something left out of their files, by what it is."""
    folder, jobs, scans = tmp_path_factory.mktemp("ptychi"), [], {}
    for name, instrument in INSTRUMENTS.items():
        known, unknown = folder / name / "known", folder / name / "unknown"
        scan = scans[name] = make_scan(known, instrument)
        shutil.copytree(known, unknown)
        write_scan(unknown / "test.cxi", replace(scan, **{name: None}))
        jobs += [f"{name}/{kind}/made={PARAMS.model_dump_json()}" for kind in ("known", "unknown")]
    run_ptychi(folder, *jobs)
    return {
        name: [error_of(folder / name / kind, scan) for kind in ("known", "unknown")]
        for name, scan in scans.items()
    }


def test_masked_pixels_pull_at_nothing(errors):
    masked, unmasked = errors["pixel_mask"]
    assert masked < 0.5 * unmasked


def test_all_modes_of_a_beam_are_better_than_one(errors):
    known, unknown = errors["modes"]
    assert known < 0.5 * unknown
