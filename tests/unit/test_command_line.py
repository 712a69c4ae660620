import subprocess
import sys

import pytest

from flows.command_line import main
from flows.hub_state import write_plan
from flows.params import PhaseGParams
from flows.plan import make_plan
from tasks.core.metrics_table import MetricRow, write_metrics_csv
from tasks.runtime.lock import hub_lock


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    """Fail loudly if a run is started from here."""

    def refuse(plan):
        raise AssertionError("a run was started")

    monkeypatch.setattr("flows.command_line.execute", refuse)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dose", "0"], "--dose"),
        (["--dose", "-1000"], "--dose"),
        (["--dose", "nan"], "finite"),
        (["--dose", "inf"], "finite"),
        (["--dose", "many"], "dose"),
        (["--view", "wide"], "'dense' or 'sparse'"),
        (["--splits", "train", "holdout"], "'train' or 'test'"),
        (["--splits"], "at least one split"),
        (["--profile", "enormous"], "'smoke', 'quick' or 'study'"),
        (["--device", "tpu"], "'auto', 'cpu' or 'cuda'"),
        (["--seed", "-1"], "--seed"),
        (["--colour", "red"], "--colour"),
    ],
)
def test_bad_input_is_named_with_what_is_expected(arguments, message, tmp_path, capsys):
    assert main(["--hub", str(tmp_path / "hub"), *arguments]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert message in error
    assert not (tmp_path / "hub").exists()


def test_a_hub_that_is_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "hub").write_text("a file")
    assert main(["--hub", str(tmp_path / "hub")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_a_stale_hub_is_refused_and_clobber_is_named(tmp_path, capsys):
    write_plan(tmp_path, make_plan(PhaseGParams(hub=tmp_path)))
    assert main(["--hub", str(tmp_path), "--dose", "1e4"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "photons_per_pattern: 1000.0 -> 10000.0" in error
    assert "--clobber" in error


def test_a_busy_hub_is_refused_at_once(tmp_path, capsys):
    with hub_lock(tmp_path):
        assert main(["--hub", str(tmp_path)]) == 2
    assert "Another run" in capsys.readouterr().err


def test_a_commands_document_that_is_missing_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AUTHORITATIVE_CMDS_DOC", str(tmp_path / "none.md"))
    assert main(["--hub", str(tmp_path / "hub")]) == 2
    assert "must name an existing file" in " ".join(capsys.readouterr().err.split())


def test_collect_only_prints_every_stage_and_touches_nothing(tmp_path, capsys):
    hub = tmp_path / "hub"
    assert main(["--hub", str(hub), "--collect-only"]) == 0
    text = capsys.readouterr().out
    for call in make_plan(PhaseGParams(hub=hub)):
        assert f"[{call.phase}] {call.stage}  (to do)" in text
        for path in (*call.inputs.values(), *call.outputs.values(), call.log):
            assert path in text
    assert "analysis/metrics_delta_summary.json" in text
    assert not hub.exists()


def test_output_that_nobody_reads_is_no_traceback(tmp_path):
    command = [sys.executable, "-m", "flows.phase_g", "--collect-only", "--hub", str(tmp_path)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdout.close()
    assert b"Traceback" not in run.stderr.read()
    run.stderr.close()
    assert run.wait() == 1


def test_report_only_works_on_tables_that_anyone_wrote(tmp_path, capsys):
    rows = [
        MetricRow(model, metric, value, value / 2)
        for value, model in ((0.9, "PtychoPINN"), (0.8, "Baseline"), (0.95, "PtyChi"))
        for metric in ("ms_ssim", "mae")
    ]
    write_metrics_csv(tmp_path / "analysis/dose_1000/dense/test/comparison_metrics.csv", rows)
    assert main(["--hub", str(tmp_path), "--report-only"]) == 0
    text = capsys.readouterr().out
    assert "MS-SSIM Δ (PtychoPINN - Baseline)  : amplitude +0.100  phase +0.050" in text
    assert "MAE Δ (PtychoPINN - PtyChi)        : amplitude -0.050  phase -0.025" in text
    assert (tmp_path / "analysis/metrics_delta_summary.json").is_file()


def test_report_only_refuses_a_hub_without_tables_or_that_is_not_there(tmp_path, capsys):
    assert main(["--hub", str(tmp_path), "--report-only"]) == 2
    assert "holds no comparison" in " ".join(capsys.readouterr().err.split())
    assert main(["--hub", str(tmp_path / "none"), "--report-only"]) == 2
    assert "does not exist" in capsys.readouterr().err
