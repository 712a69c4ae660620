"""Whole runs of the smoke profile: every stage real, from photons to deltas."""

import csv
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.atomic_files import read_json

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

TABLES = [
    f"analysis/dose_10000/dense/{split}/comparison_metrics.csv" for split in ("train", "test")
]


def smoke_plan(hub):
    return make_plan(PhaseGParams(hub=hub, profile="smoke", photons_per_pattern=1e4))


@pytest.fixture(scope="module")
def started_stages(stages_started):
    """Return the function that takes the stages that were started from a hub's log."""

    def started(hub: Path, since: int = 0) -> list[str]:
        lines = (hub / "cli/run_phase_g_dense.log").read_text().splitlines()[since:]
        return stages_started("\n".join(lines))

    return started


def log_length(hub: Path) -> int:
    return len((hub / "cli/run_phase_g_dense.log").read_text().splitlines())


def files_of(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file()
    }


def table(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    with path.open() as file:
        return {(row["model"], row["metric"]): row for row in csv.DictReader(file)}


def test_run_phase_g_dense_exec_runs_analyze_digest(smoke_run):
    hub, out = smoke_run.hub, smoke_run.stdout
    delta = read_json(hub / "analysis/metrics_delta_summary.json")
    summary = read_json(hub / "analysis/metrics_summary.json")
    test_table = table(hub / TABLES[1])
    assert delta["source_metrics"] == "analysis/metrics_summary.json"
    assert time.strptime(delta["generated_at"], "%Y-%m-%dT%H:%M:%SZ")

    lines = [line for line in out.splitlines() if "Δ" in line]
    names = {"ms_ssim": "MS-SSIM", "mae": "MAE"}
    for metric, name in names.items():
        for rival in ("Baseline", "PtyChi"):
            values = delta["deltas"][f"vs_{rival}"][metric]
            for part in ("amplitude", "phase"):
                means = summary["aggregate_metrics"]
                assert values[part] == (
                    means["PtychoPINN"][metric][f"mean_{part}"]
                    - means[rival][metric][f"mean_{part}"]
                )
                by_hand = float(test_table["PtychoPINN", metric][part]) - float(
                    test_table[rival, metric][part]
                )
                assert values[part] == pytest.approx(by_hand, abs=1e-12)
            shown = f"amplitude {values['amplitude']:+.3f}  phase {values['phase']:+.3f}"
            label = f"{name} Δ (PtychoPINN - {rival})"
            assert any(line == f"{label:<35}: {shown}" for line in lines)
    assert "Delta summary: analysis/metrics_delta_summary.json" in out
    assert str(hub) not in out
    assert "ALL COMPARISONS SUCCESSFUL" in (hub / "analysis/metrics_digest.md").read_text()


def test_run_phase_g_dense_collect_only_generates_commands(smoke_run, phase_g, tmp_path):
    fresh = phase_g(tmp_path / "hub", "--collect-only")
    assert fresh.returncode == 0
    assert not (tmp_path / "hub").exists()
    for call in smoke_plan(tmp_path / "hub"):
        assert f"[{call.phase}] {call.stage}  (to do)" in fresh.stdout
        for path in (*call.inputs.values(), *call.outputs.values(), call.log):
            assert path in fresh.stdout

    before = files_of(smoke_run.hub)
    finished = phase_g(smoke_run.hub, "--collect-only")
    assert finished.returncode == 0
    assert "(to do)" not in finished.stdout
    assert finished.stdout.count("(done)") == len(list(smoke_plan(smoke_run.hub)))
    assert files_of(smoke_run.hub) == before


def test_the_oracle_is_exact_and_every_arm_beats_the_flat_image(smoke_run):
    metrics = table(smoke_run.hub / TABLES[1])
    assert float(metrics["Oracle", "mae"]["amplitude"]) < 1e-3
    assert float(metrics["Oracle", "ms_ssim"]["amplitude"]) > 0.999
    for arm in ("PtychoPINN", "Baseline", "PtyChi"):
        for part in ("amplitude", "phase"):
            flat = float(metrics["Flat", "ms_ssim"][part])
            assert float(metrics[arm, "ms_ssim"][part]) > flat + 0.2, (arm, part)
    assert float(metrics["PtyChi", "gauge_shift_px"]["value"]) < 0.05


def test_every_manifest_agrees_with_the_files(smoke_run):
    from tasks.core.study.stage_record import StageRecord

    for call in smoke_plan(smoke_run.hub):
        record = StageRecord.model_validate(read_json(smoke_run.hub / call.manifest))
        assert record.is_intact(smoke_run.hub)
        assert all(ref.is_intact(smoke_run.hub) for ref in record.inputs.values())
        assert (smoke_run.hub / call.log).is_file()
        assert record.peak_memory_mib < 3000


def test_no_path_of_this_machine_is_in_the_evidence(smoke_run):
    folders = ("plan", "data", "analysis", "summary", "cli")
    for path in (p for f in folders for p in (smoke_run.hub / f).rglob("*") if p.is_file()):
        assert str(smoke_run.hub.parent).encode() not in path.read_bytes(), path


def test_the_evidence_of_a_run_holds_wherever_it_lies(smoke_run, phase_g, tmp_path):
    found = read_json(smoke_run.hub / "analysis/verification_report.json")
    assert found["all_valid"], [entry for entry in found["validations"] if not entry["valid"]]
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    moved = phase_g(hub, "--post-verify-only")
    assert moved.returncode == 0, moved.stdout
    assert read_json(hub / "analysis/verification_report.json") == found
    path = hub / "analysis/dose_10000/dense/test/comparison_plot.png"
    path.write_bytes(path.read_bytes()[:-1])
    damaged = phase_g(hub, "--post-verify-only")
    assert damaged.returncode == 1
    assert "comparison_plot.png has" in damaged.stdout
    assert phase_g(hub).returncode == 0
    assert phase_g(hub, "--post-verify-only").returncode == 0


def test_a_second_run_executes_no_stage(smoke_run, phase_g, tmp_path, started_stages):
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    since, before = log_length(hub), files_of(hub / "data")
    again = phase_g(hub)
    assert again.returncode == 0
    assert started_stages(hub, since) == []
    assert files_of(hub / "data") == before


def test_one_changed_input_byte_redoes_exactly_what_depends_on_it(
    smoke_run, phase_g, tmp_path, started_stages
):
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    since = log_length(hub)
    path = hub / "data/phase_f/dose_10000/dense/test/ptychi.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert phase_g(hub).returncode == 0
    # The object is the same again; the time that it took is not.
    assert started_stages(hub, since) == ["iterate-ptychi test", "summarise-costs"]
    assert path.read_bytes() == (smoke_run.hub / path.relative_to(hub)).read_bytes()


def test_a_crashing_stage_leaves_a_blocker_and_keeps_what_is_finished(
    smoke_run, phase_g, tmp_path, started_stages
):
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    (hub / TABLES[1]).unlink()
    (hub / TABLES[1]).mkdir()
    failed = phase_g(hub)
    assert failed.returncode == 1
    blocker = read_json(hub / "analysis/blocker.json")
    assert blocker["stage"] == "compare.dose_10000.dense.test"
    assert blocker["exception"] == "IsADirectoryError"
    assert blocker["command"] == f"python -m tasks.runtime.stage_process . {blocker['stage']}"
    assert any("Traceback" in line for line in blocker["log_tail"])
    assert blocker["stage"] in (hub / "analysis/blocker.txt").read_text()
    assert '"result":"failed"' in (hub / "summary/attempts.jsonl").read_text()

    (hub / TABLES[1]).rmdir()
    since = log_length(hub)
    assert phase_g(hub).returncode == 0
    assert set(started_stages(hub, since)) == {"compare test", "summarise", "summarise-costs"}
    assert not (hub / "analysis/blocker.json").exists()
    for name in TABLES:
        assert (hub / name).read_bytes() == (smoke_run.hub / name).read_bytes()


def test_an_interrupted_and_a_killed_run_end_in_the_same_metrics(
    smoke_run, phase_g, start_phase_g, tmp_path, started_stages
):
    hub, log = tmp_path / "hub", tmp_path / "output.txt"

    def wait_for(text: str) -> None:
        path, deadline = hub / "cli/run_phase_g_dense.log", time.monotonic() + 600
        while not (path.is_file() and text in path.read_text()):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)

    interrupted = start_phase_g(hub, log)
    wait_for("view test: done")
    wait_for("train-ptychopinn: started")
    os.killpg(interrupted.pid, signal.SIGINT)
    assert interrupted.wait(timeout=60) == 130, log.read_text()
    assert '"result":"interrupted"' in (hub / "summary/attempts.jsonl").read_text()

    since = log_length(hub)
    killed = start_phase_g(hub, log)
    wait_for("train-baseline: done")
    wait_for("train-ptychopinn: done")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not {"simulate", "view train", "view test"} & set(started_stages(hub, since))

    since = log_length(hub)
    assert phase_g(hub).returncode == 0
    redone = set(started_stages(hub, since))
    assert not {"simulate", "train-ptychopinn", "train-baseline"} & redone
    for name in TABLES:
        assert (hub / name).read_bytes() == (smoke_run.hub / name).read_bytes()


def test_other_parameters_are_refused_until_clobber_archives_the_old_outputs(
    smoke_run, phase_g, tmp_path, started_stages
):
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    before = files_of(hub)
    refused = phase_g(hub, "--splits", "test")
    assert refused.returncode == 2
    assert "splits: ['train', 'test'] -> ['test']" in refused.stderr
    assert "--clobber" in refused.stderr
    assert files_of(hub) == before

    assert phase_g(hub, "--splits", "test", "--clobber").returncode == 0
    (archive,) = (hub / "archive").iterdir()
    assert (archive / "analysis/metrics_summary.json").is_file()
    assert (archive / TABLES[0]).is_file()
    assert set(started_stages(hub)) == {"summarise", "summarise-costs"}
    assert read_json(hub / "analysis/metrics_summary.json")["n_jobs"] == 1
