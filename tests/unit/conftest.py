"""A small simulated scan that tests of the networks share, and a hub for those of its page."""

import numpy as np
import pytest

from tasks.compare.frc import frc_curve, half_crossing_per_px
from tasks.core.files import write_json, write_npz, write_text
from tasks.core.hub import PLAN
from tasks.core.metrics_table import MetricRow, write_metrics_csv
from tasks.core.stages import StageFiles, silent
from tasks.report.comparisons import JobKey
from tasks.report.cost_table import write_costs
from tasks.report.costs import ArmCost
from tasks.report.params import ReportParams
from tasks.report.publication import rebuild_reports
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.simulate.stage import simulate


def simulated(folder, train_positions):
    """Simulate both splits in a folder, with views of all exposures."""
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    params = SimulationParams(
        photons_per_pattern=1e4,
        probe=ProbeParams(n_px=32, defocus_rad=4.0),
        train_positions=train_positions,
        test_positions=(5, 5),
        min_test_span_px=0,
        seed=7,
    )
    simulate(params, StageFiles({}, {key: folder / name for key, name in names.items()}), silent)
    for split, count in (("train", train_positions[0] * train_positions[1]), ("test", 25)):
        write_json(
            folder / f"{split}.json",
            {"view": "dense", "n_exposures": count, "indices": list(range(count))},
        )
    return folder


@pytest.fixture(scope="session")
def small_scan(tmp_path_factory):
    """Return a folder with a scan of 6 x 6 training patterns of 32 px."""
    return simulated(tmp_path_factory.mktemp("small"), (6, 6))


@pytest.fixture(scope="session")
def wide_scan(tmp_path_factory):
    """Return a folder with a scan of 10 x 10 training patterns of 32 px, to hold out some."""
    return simulated(tmp_path_factory.mktemp("wide"), (10, 10))


PAGE_JOB = "analysis/dose_1000/dense/test"
PAGE_ARMS = ("PtychoPINN", "Baseline", "PtyChi", "NoNetwork")


def write_page_job(hub, rng, job=PAGE_JOB, side_px=48):
    """Write the files of one comparison: images, table, blocks, curves of real numbers."""
    y, x = np.mgrid[:side_px, :side_px]
    truth = (0.8 + 0.2 * np.sin(x / 3 + y / 7)) * np.exp(1j * np.cos(y / 4 - x / 9))
    mask = np.zeros(truth.shape, dtype=bool)
    mask[2:-2, 3:-3] = True
    noise = [rng.normal(size=truth.shape) + 1j * rng.normal(size=truth.shape) for _ in PAGE_ARMS]
    levels = (0.05, 0.07, 0.03, 0.1)
    images = {
        arm: (truth + level * n).astype(np.complex64)
        for arm, level, n in zip(PAGE_ARMS, levels, noise, strict=True)
    }
    rectangle = np.array([2, side_px - 2, 3, side_px - 3])
    arrays = {"truth": truth.astype(np.complex64), "mask": mask, "rectangle_px": rectangle}
    write_npz(hub / job / "reconstructions_aligned.npz", **arrays, **images)
    rows, curves, blocks = [], ["model,frequency_per_px,correlation,ssnr"], []
    for place, (arm, image) in enumerate(images.items()):
        curve = frc_curve(image, truth, mask)
        for frequency, correlation in zip(curve.frequency_per_px, curve.correlation, strict=True):
            curves.append(f"{arm},{frequency:.6g},{correlation:.6g},")
        similarity, error = 0.9 - levels[place], levels[place]
        rows += [
            MetricRow(arm, "ms_ssim", similarity, similarity - 0.01),
            MetricRow(arm, "mae", error, 1.5 * error),
            MetricRow(arm, "frc_half_crossing_per_px", value=half_crossing_per_px(curve)),
        ]
        for metric, value in (("ms_ssim", similarity), ("mae", error)):
            spread = 0.01 * rng.normal(size=9)
            blocks += [f"{arm},{metric},{b},{value + s},{value - s}" for b, s in enumerate(spread)]
    rows += [MetricRow("Flat", "ms_ssim", 0.05, 0.06), MetricRow("Flat", "mae", 0.3, 0.5)]
    write_metrics_csv(hub / job / "comparison_metrics.csv", rows)
    write_text(hub / job / "frc_curves.csv", "\n".join(curves) + "\n")
    header = "model,metric,block,amplitude,phase"
    write_text(hub / job / "block_metrics.csv", "\n".join([header, *blocks]) + "\n")
    epochs = [f"PtyChi,{e},{0.5 / (e + 1)},0.1,0.1" for e in range(6)]
    header = "model,epoch,complex_nrmse,amplitude_mae,phase_mae"
    write_text(hub / job / "convergence.csv", "\n".join([header, *epochs]) + "\n")
    saved = {"final_complex_nrmse": 0.0812, "epochs": 17, "ptychi_epochs": None}
    write_json(
        hub / job / "comparison.json", {"iterations_to_quality": {"PtychoPINN-refined": saved}}
    )


def write_page_hub(hub, rng):
    """Write all that a page can show of a hub with one comparison."""
    write_page_job(hub, rng)
    dose = {
        "n_patterns": 25,
        "nominal_photons_per_pattern": 1000.0,
        "measured_photons_per_pattern": 1003.5,
        "counts_per_px": 0.245,
        "saturated_fraction": 0.0,
    }
    stage = {
        "stage": "simulate.dose_1000",
        "phase": "C",
        "manifest": "data/phase_c/dose_1000/manifest.json",
    }
    geometry = {"energy_ev": 8000.0, "distance_m": 2.0, "detector_pixel_m": 7.5e-5}
    record = {
        **{name: stage[name] for name in ("stage", "phase")},
        "cache_key": "key",
        "params": geometry | {"probe": {"n_px": 64}},
        "inputs": {},
        "outputs": {},
        "facts": {"test": dose},
        "wall_s": 1.25,
        "cpu_s": 0.75,
        "peak_memory_mib": 321.0,
        "versions": {},
    }
    write_json(hub / stage["manifest"], record)
    overlap = {
        "n_exposures": 25,
        "n_selected": 20,
        "overlap_ratio": 0.693,
        "nominal_overlap_ratio": 0.7,
        "step_px": 8.2,
        "probe_diameter_px": 26.9,
    }
    write_json(hub / "data/phase_d/dose_1000/dense/test/overlap_metrics.json", overlap)
    history = "step,loss,learning_rate,held_out_loss\n1,0.5,0.1,\n2,0.4,0.1,0.45\n3,0.3,0.1,\n"
    write_text(hub / "data/phase_e/dose_1000/dense/ptychopinn/gs4/history.csv", history)
    losses = "epoch,loss\n1,2.5\n2,0.1\n"
    write_text(hub / "data/phase_f/dose_1000/dense/test/ptychi_history.csv", losses)
    key = JobKey(1000, "dense", "test", 1)
    costs = [ArmCost(arm, key, 4.0, 3.5, 60.0, 512.0, 25, 7.5, 2.0) for arm in PAGE_ARMS]
    write_costs(hub / "analysis/arm_costs.csv", costs)
    write_json(
        hub / PLAN,
        {
            "written_at": "2026-11-25T01:02:03Z",
            "git": {"commit": "0123abcd", "dirty": True},
            "machine": {"system": "Linux", "architecture": "x86_64", "cores": 2, "memory_gib": 8.0},
            "versions": {"numpy": "2.4.6"},
            "parameters": {"photons_per_pattern": 1000.0, "view": "dense", "seed": 42},
            "stages": [stage | {"log": "cli/simulate.log", "outputs": {"m": stage["manifest"]}}],
        },
    )


@pytest.fixture
def page_hub(tmp_path, rng):
    """Return a hub with one comparison and all that its page can show."""
    write_page_hub(tmp_path / "hub", rng)
    return tmp_path / "hub"


@pytest.fixture(scope="session")
def finished_hub(tmp_path_factory):
    """Return such a hub with its reports, for tests that change nothing."""
    hub = tmp_path_factory.mktemp("finished") / "hub"
    write_page_hub(hub, np.random.default_rng(5))
    rebuild_reports(hub, ReportParams())
    return hub


@pytest.fixture
def add_page_job(rng):
    """Return the function that writes one more comparison into a hub."""

    def add(hub, job, side_px=48):
        write_page_job(hub, rng, job, side_px)

    return add
