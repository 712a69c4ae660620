"""A small finished hub: the plan of a run, its stages' files drawn at random, its reports real."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from flows.execution.attempt import record_attempt
from flows.hub.provenance import write_plan
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import write_json, write_npz, write_text
from tasks.core.files.metrics_table import (
    N_BLOCKS,
    BlockRow,
    MetricRow,
    write_blocks,
    write_metrics_csv,
)
from tasks.core.study.hub_layout import RUN_LOG
from tasks.core.study.stage_record import FileRef, StageCall, StageRecord
from tasks.report.publish.write_reports import write_final_reports, write_reports
from tasks.report.records.inventory import write_inventory
from tasks.report.verification.verification import write_verification
from tasks.runtime.stage_cache import cache_key
from tasks.runtime.stage_process import run_call

TIME = "2026-11-25T03:49:35Z"
MODELS = ["PtychoPINN", "Baseline", "PtyChi", "NoNetwork", "NoNetwork5x"]


def put_output(path: Path, rng: np.random.Generator) -> None:
    """Write a small file of the kind that a path's suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".h5", ".cxi"):
        with h5py.File(path, "w", track_order=True) as file:
            file.create_dataset("/entry_1/data_1", data=rng.integers(0, 99, (4, 8, 8)))
            file["/entry_1"].attrs["provenance"] = f"of {path.name}"
    elif path.suffix == ".npz":
        write_npz(path, mask=rng.integers(0, 2, (8, 8)))
    elif path.suffix == ".png":
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(path)
    elif path.suffix == ".json":
        write_json(path, {"n_px": int(rng.integers(8, 99)), "file": path.name})
    else:
        write_text(path, f"step,loss\n0,{rng.random():.6f}\n1,{rng.random():.6f}\n")


def put_comparison(hub: Path, call: StageCall, rng: np.random.Generator) -> None:
    """Write tables of random scores, with their blocks, and what goes with them."""
    models = [*MODELS, *(entry.name for entry in RECONSTRUCTIONS.images)]
    scores = {
        (model, metric): rng.uniform(0.1, 0.9, (N_BLOCKS, 2)).round(6)
        for model in models
        for metric in ("ms_ssim", "mae", "ssim")
    }
    rows = [MetricRow(*name, *map(float, pair.mean(axis=0))) for name, pair in scores.items()]
    write_metrics_csv(hub / call.outputs["metrics"], rows)
    blocks = [
        BlockRow(*name, block, amplitude, phase)
        for name, pairs in scores.items()
        for block, (amplitude, phase) in enumerate(pairs.tolist())
    ]
    write_blocks(hub / call.outputs["blocks"], blocks)
    gauge = {"factor_abs": 1.0, "factor_rad": 0.1, "shift_px": [0, 0], "ramp_rad_per_px": [0, 0]}
    write_json(
        hub / call.outputs["comparison"],
        {
            "models": models,
            "missing_arms": [],
            "params": call.params,
            "region": {"sha256": "0" * 64, "n_scored_px": 64, "scored_fraction": 0.5},
            "data_range": {"amplitude": 0.5, "phase_rad": 2.0},
            "gauge": dict.fromkeys(models, gauge),
            "flags": {model: [] for model in MODELS},
            "undefined": {},
        },
    )


def finish(hub: Path, call: StageCall, rng: np.random.Generator) -> None:
    """Leave what a stage leaves: its files, its log and its record."""
    key = cache_key(hub, call)
    if call.function.startswith("tasks.report"):
        run_call(hub, call, key)
    else:
        if "blocks" in call.outputs:
            put_comparison(hub, call, rng)
        for path in call.outputs.values():
            if not (hub / path).exists():
                put_output(hub / path, rng)
        record = StageRecord(
            stage=call.stage,
            phase=call.phase,
            cache_key=key,
            params=call.params,
            inputs={name: FileRef.of(hub, path) for name, path in call.inputs.items()},
            outputs={name: FileRef.of(hub, path) for name, path in call.outputs.items()},
            facts={"n_patterns": 25},
            wall_s=float(rng.uniform(1, 2)),
            cpu_s=float(rng.uniform(1, 2)),
            peak_memory_mib=300.0,
            versions={"python": "3.12"},
        )
        write_json(hub / call.manifest, record.model_dump(mode="json"))
    write_text(hub / call.log, f"# {TIME} {call.stage}\n1/1  done\n# {TIME} ended well\n")


@pytest.fixture(scope="session")
def pristine_hub(tmp_path_factory) -> Path:
    """A hub as a run leaves it; not to be changed."""
    hub, rng = tmp_path_factory.mktemp("verification") / "hub", np.random.default_rng(7)
    plan = make_plan(
        PhaseGParams(hub=hub, profile="smoke", splits=("test",), photons_per_pattern=1e4)
    )
    write_text(hub / RUN_LOG, f"{TIME} simulate: started\n")
    write_plan(hub, plan)
    for call in plan:
        finish(hub, call, rng)
    write_plan(hub, plan)
    delta = write_reports(hub, TIME).delta
    details = {"parameters": plan.science, "deltas": delta["deltas"]}
    record_attempt(hub, TIME, "success", details)
    write_final_reports(hub)
    write_inventory(hub)
    write_verification(hub)
    return hub


@pytest.fixture
def hub(pristine_hub, tmp_path) -> Path:
    """A copy of the finished hub, in another place."""
    return Path(shutil.copytree(pristine_hub, tmp_path / "moved"))
