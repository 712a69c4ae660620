import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flows.cli.command_line import main, study_app, sweep
from flows.cli.local_server import WITHOUT_A_RUN
from flows.cli.studies import CONDITION
from flows.hub.provenance import write_plan
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.runtime.lock import hub_lock


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    """Fail loudly if a run is started from here."""

    def refuse(study, plan):
        raise AssertionError("a run was started")

    monkeypatch.setattr("flows.cli.command_line.execute", refuse)


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
        (["--backend", "jax"], "'tensorflow' or 'torch'"),
        (["--seed", "-1"], "--seed"),
        (["--colour", "red"], "--colour"),
        (["--instrument.dead-pixel-fraction", "2"], "--instrument.dead-pixel-fraction '2'"),
        (["--sample.kind", "cat"], "Choose one of: dead_leaves"),
        (["--scan.overlap-ratio", "1"], "--scan.overlap-ratio '1'"),
        (["--probe.kind", "file"], "Give its path in `file`"),
        (["--parameters", "none.json"], "none.json cannot be read"),
        (["extra"], "Nothing takes 'extra'"),
        (["--truth-free=maybe"], "--truth-free 'maybe': Give true or false"),
    ],
)
def test_bad_input_is_named_with_what_is_expected(arguments, message, tmp_path, capsys):
    assert main(["--hub", str(tmp_path / "hub"), *arguments]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert message in error
    assert not (tmp_path / "hub").exists()


@pytest.mark.parametrize(
    "words", [["--hub", ""], ["--hub="], ["--hub", " "], ["--parameters", "p"]]
)
@pytest.mark.parametrize("run", [main, sweep])
def test_an_empty_hub_is_refused_and_the_current_folder_stays_as_it_is(
    run, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").write_text('{"hub": ""}')
    assert run(words) == 2
    assert re.search("--hub.* is empty", " ".join(capsys.readouterr().err.split()))
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_value_of_a_list_that_is_refused_is_told_once(capsys):
    assert sweep(["--views", "both"]) == 2
    assert "at least 1 item" not in capsys.readouterr().err


@pytest.mark.parametrize("group", ["sample", "test-sample"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no HDF5", "cannot be read as an object"), (np.ones((9, 9), complex), "has 9 x 9 px")],
)
def test_a_file_that_holds_no_sample_is_refused_by_the_path_that_was_typed(
    group, content, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    name = "bad.h5" if isinstance(content, bytes) else "small.npy"
    Path(name).write_bytes(content) if isinstance(content, bytes) else np.save(name, content)
    assert main(["--hub", "hub", f"--{group}.kind", "file", f"--{group}.path", name]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert message in error
    assert f" {name}" in error
    assert not Path("hub").exists()


def test_a_file_that_cannot_be_read_is_refused(tmp_path, capsys):
    write_plan(tmp_path, make_plan(PhaseGParams(hub=tmp_path)))

    def refuse(_path):
        raise PermissionError(13, "Permission denied", "plan.json")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.hub.staleness.read_json", refuse)
        assert main(["--hub", str(tmp_path)]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "plan.json cannot be used (Permission denied)" in error


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


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Return the parameters that a command line would run with."""

    def ask(*arguments) -> PhaseGParams:
        plans = []
        monkeypatch.setattr(
            "flows.cli.command_line.execute", lambda _study, plan: plans.append(plan) or 0
        )
        assert main(["--hub", str(tmp_path / "hub"), *arguments]) == 0
        return plans[0].params

    return ask


def test_every_fault_and_probe_can_be_asked_for_by_its_name(asked):
    params = asked("--instrument.readout-noise-photons", "2", "--probe.defocus-rad", "9")
    assert params.instrument.readout_noise_photons == 2.0
    assert params.probe.model_fields_set == {"defocus_rad"}


def test_parameters_come_from_a_file_and_options_go_before_them(asked, tmp_path):
    content = "photons_per_pattern: 1e4\nseed: 7\ninstrument: {n_modes: 3}\ntest_sample: null\n"
    (tmp_path / "run.yaml").write_text(content)
    params = asked("--parameters", str(tmp_path / "run.yaml"), "--seed", "8")
    assert (params.photons_per_pattern, params.seed) == (1e4, 8)
    assert (params.instrument.n_modes, params.test_sample) == (3, None)


def test_a_parameter_file_with_an_unknown_name_is_refused(tmp_path, capsys):
    (tmp_path / "run.json").write_text('{"instrument": {"colour": "red"}}')
    assert main(["--hub", str(tmp_path / "hub"), "--parameters", str(tmp_path / "run.json")]) == 2
    assert "colour" in capsys.readouterr().err


def test_the_help_explains_every_parameter(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")
    assert main(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in ("--dose", "--sample.kind", "--test-sample.kind", "--instrument.n-modes"):
        assert name in text
    for field in PhaseGParams.model_fields.values():
        assert field.description
        # Of a group the help has a panel, with its options.
        assert field.description in text or field.title


def test_the_options_for_which_no_server_starts_are_there():
    arguments = study_app(CONDITION).assemble_argument_collection()
    options = {name for argument in arguments for name in argument.names}
    assert WITHOUT_A_RUN - {"--help", "-h"} <= options


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
    (tmp_path / "file").write_text("a file")
    assert main(["--hub", str(tmp_path / "file"), "--report-only"]) == 2
    assert "is a file" in capsys.readouterr().err
