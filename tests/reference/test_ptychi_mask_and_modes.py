"""pty-chi with a detector's mask and a beam's modes: knowing them pays."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.alignment.region import scored_region
from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_file import read_scan, write_scan
from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct.params import PtyChiParams
from tasks.simulate.params import InstrumentParams, SimulationParams
from tasks.simulate.stage import simulate

PARAMS = PtyChiParams(n_epochs=30, batch_size=16, device="cpu")
BAD_PIXELS = InstrumentParams(
    hot_pixel_fraction=0.02, dead_pixel_fraction=0.02, beam_stop_radius_px=5.0
)
MODES = InstrumentParams(n_modes=3, mode_decay=0.4)

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


def error_of(folder, name, scan):
    """Return the relative complex error of a reconstruction in the gauge of the truth."""
    region = scored_region(scan.header, 0.05, 4.0)
    truth = read_object(folder / "truth.h5").cut(region.box)
    image = read_object(folder / f"{name}.h5").cut(region.box)
    gauge = fit_gauge(image, truth, region.weights, max_shift_px=2.0)
    aligned = remove_gauge(image, gauge, region.lit)
    return np.linalg.norm((aligned - truth)[region.mask]) / np.linalg.norm(truth[region.mask])


def errors_with_and_without(folder, run, scan, **unknown):
    """Reconstruct a scan as it is, and with something left out of its file."""
    job = PARAMS.model_dump_json()
    run(folder, f"with={job}")
    write_scan(folder / "test.cxi", replace(scan, **unknown))
    run(folder, f"without={job}")
    return [error_of(folder, name, scan) for name in ("with", "without")]


def test_masked_pixels_pull_at_nothing(tmp_path, run_ptychi):
    scan = make_scan(tmp_path, BAD_PIXELS)
    masked, unmasked = errors_with_and_without(tmp_path, run_ptychi, scan, pixel_mask=None)
    assert masked < 0.5 * unmasked


def test_all_modes_of_a_beam_are_better_than_one(tmp_path, run_ptychi):
    scan = make_scan(tmp_path, MODES)
    known, unknown = errors_with_and_without(tmp_path, run_ptychi, scan, modes=None)
    assert known < 0.5 * unknown
