"""pty-chi against our own forward model and against the truth: the geometry is exact.

Everything that imports torch runs in a child process, because TensorFlow and torch must never
share one.
"""

import re

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from tasks.core.files.atomic_files import read_json, sha256_of, write_json
from tasks.core.files.object_file import epochs_to_keep, read_iterates, read_object
from tasks.core.files.scan_reader import read_scan
from tasks.core.geometry.patches import extract_patches, illumination_map, shifted_probes
from tasks.core.physics.forward import diffraction_intensity, fourier_shift
from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct.params import PtyChiParams
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

SIMULATION = SimulationParams(
    photons_per_pattern=1e7,
    train_positions=(2, 2),
    test_positions=(8, 8),
    min_test_span_px=0,
    seed=7,
)
PARAMS = PtyChiParams(n_epochs=30, batch_size=16, device="cpu")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("ptychi")
    outputs = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    files = StageFiles({}, {name: where / file for name, file in outputs.items()})
    simulate(SIMULATION, files, silent)
    count = len(read_scan(where / "test.cxi"))
    view = {"view": "dense", "n_exposures": count, "indices": list(range(count))}
    write_json(where / "view.json", view)
    return where


@pytest.fixture(scope="module")
def log(folder, run_ptychi):
    """Run one process with two equal jobs, then one with other work before the same job.

    Double precision is the last: pty-chi takes it for all that comes after.
    """
    same = PARAMS.model_dump_json()
    other = PARAMS.model_copy(update={"seed": 124}).model_dump_json()
    results = (
        run_ptychi(folder, f"first={same}", f"second={same}"),
        run_ptychi(folder, "forward", "diverge", f"other={other}", f"third={same}", "forward64"),
    )
    return "".join(result.stdout + result.stderr for result in results)


def intensity_of_the_truth(folder):
    """Return our own noise-free intensity at the positions of the scan."""
    scan, truth = read_scan(folder / "test.cxi"), read_object(folder / "truth.h5").object_
    patches = extract_patches(truth, scan.positions_px, scan.n_px)
    return diffraction_intensity(patches, shifted_probes(scan.probe, scan.positions_px))


def fit_shift_px(reconstructed, truth, mask):
    """Return the shift of `reconstructed` against `truth` after a factor and a ramp [px]."""
    rows, columns = (axis - axis.mean() for axis in np.indices(truth.shape).astype(float))
    frequency_y = 2j * np.pi * np.fft.fftfreq(truth.shape[0])[:, None]
    frequency_x = 2j * np.pi * np.fft.fftfreq(truth.shape[1])[None, :]
    ramp, shift = np.zeros(2), np.zeros(2)
    for _ in range(15):
        moved = fourier_shift(truth, shift[None])[0]
        turned = np.exp(1j * (ramp[0] * rows + ramp[1] * columns))
        factor = np.vdot((turned * moved)[mask], reconstructed[mask]) / np.sum(
            np.abs(moved[mask]) ** 2
        )
        model, spectrum = factor * turned * moved, np.fft.fft2(moved)
        slopes = [
            model,
            1j * model,
            1j * rows * model,
            1j * columns * model,
            -factor * turned * np.fft.ifft2(spectrum * frequency_y),
            -factor * turned * np.fft.ifft2(spectrum * frequency_x),
        ]
        matrix = np.stack([np.concatenate([s[mask].real, s[mask].imag]) for s in slopes], axis=1)
        rest = (reconstructed - model)[mask]
        step = np.linalg.lstsq(matrix, np.concatenate([rest.real, rest.imag]), rcond=None)[0]
        ramp, shift = ramp + step[2:4], shift + step[4:6]
    error = np.linalg.norm(rest) / np.linalg.norm(model[mask])
    return shift, error


def test_the_forward_models_agree_pixel_by_pixel_in_double_precision(folder, log):
    theirs, ours = np.load(folder / "forward64.npy"), intensity_of_the_truth(folder)
    assert theirs.dtype == np.float64
    np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-14 * ours.max())
    seen = ours > 1e-3
    np.testing.assert_allclose(theirs[seen], ours[seen], rtol=1e-9)


def test_the_forward_models_agree_pattern_by_pattern(folder, log):
    theirs, ours = np.load(folder / "forward.npy"), intensity_of_the_truth(folder)
    # Single precision against double: 1e-7 per operation, relative to the brightest pixel.
    np.testing.assert_allclose(theirs, ours, atol=1e-5 * ours.max())


def test_the_known_object_is_found_in_its_place(folder, log):
    scan, truth = read_scan(folder / "test.cxi"), read_object(folder / "truth.h5").object_
    window = read_object(folder / "first.h5")
    corner, shape = window.origin_px, window.object_.shape
    part = truth[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]]
    light = illumination_map(scan.probe, scan.positions_px - corner, shape)
    mask = binary_erosion(light > 0.1 * np.percentile(light, 95), iterations=6)
    shift, error = fit_shift_px(window.object_, part, mask)
    assert np.hypot(*shift) < 0.05
    assert error < 0.1


def test_the_window_is_the_bounding_box_of_the_patches(folder, log):
    scan, window = read_scan(folder / "test.cxi"), read_object(folder / "first.h5")
    nearest = np.floor(scan.positions_px + 0.5).astype(int)
    assert window.origin_px == tuple(nearest.min(axis=0) - scan.n_px // 2)
    assert window.object_.shape == tuple(np.ptp(nearest, axis=0) + scan.n_px)
    assert window.object_.dtype == np.complex64


def test_the_same_seed_gives_the_same_bytes_within_and_across_processes(folder, log):
    for suffix in (".h5", ".csv", ".json", "_iterates.h5"):
        hashes = {sha256_of(folder / f"{name}{suffix}") for name in ("first", "second", "third")}
        assert len(hashes) == 1, suffix


def test_another_seed_takes_the_patterns_in_another_order(folder, log):
    assert sha256_of(folder / "other.h5") != sha256_of(folder / "first.h5")


def test_iterates_go_from_the_flat_start_to_the_result(folder, log):
    iterates = list(read_iterates(folder / "first_iterates.h5"))
    result = read_object(folder / "first.h5")
    assert tuple(epoch for epoch, _ in iterates) == epochs_to_keep(PARAMS.n_epochs)
    assert np.ptp(iterates[0][1].object_) == 0
    assert {window.origin_px for _, window in iterates} == {result.origin_px}
    np.testing.assert_array_equal(iterates[-1][1].object_, result.object_)


def test_facts_hold_seed_losses_start_and_orientation(folder, log):
    facts = read_object(folder / "first.h5").facts
    rows = (folder / "first.csv").read_text().splitlines()[1:]
    assert facts["losses"] == [float(row.split(",")[1]) for row in rows]
    assert facts["seeds"] == [facts["settings"]["seed"]]
    assert facts["start"] == "flat"
    assert facts["orientation"]["verdict"] == "as stated"


def test_progress_history_and_options_tell_what_was_done(folder, log):
    lines = (folder / "first.txt").read_text().splitlines()
    rows = (folder / "first.csv").read_text().splitlines()
    assert len(lines) == PARAMS.n_epochs
    assert lines[-1].startswith("30/30 loss ")
    assert rows[0] == "epoch,loss"
    losses = [float(row.split(",")[1]) for row in rows[1:]]
    assert len(losses) == PARAMS.n_epochs
    assert losses[-1] < 0.1 * losses[0]
    options = read_json(folder / "first.json")
    assert options["object_options"]["position_origin_coords"] == [-0.5, -0.5]
    assert options["probe_options"]["optimizable"] is False


def test_a_loss_that_is_not_finite_stops_the_run_and_names_settings_and_last_good_epoch(
    folder, log
):
    message = (folder / "diverged.txt").read_text()
    assert re.search("the loss of epoch 1 is (nan|inf) .* the last good epoch was 0", message)
    assert "batch_size=64" in message
    path = folder / "bad_diverged.h5"
    assert path.name in message
    assert str(folder) not in message, "a hub holds no place of this machine"
    kept = read_object(path)
    assert np.all(np.isfinite(kept.object_))
    assert kept.facts["settings"]["n_epochs"] == 2
    assert kept.facts["losses"] in (["nan"], ["inf"])
    assert not (folder / "bad.h5").exists()
    assert not (folder / "bad_iterates.h5").exists()


def test_a_run_says_nothing_but_its_progress(log):
    assert log == ""
