import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from flows.cli.command_line import main
from flows.cli.without_a_run import report, verify
from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.study.hub_layout import (
    DELTA_SUMMARY,
    DIGEST,
    HIGHLIGHTS,
    INVENTORY,
    METRICS_SUMMARY,
    PLAN,
    PREVIEW,
    VERIFICATION_REPORT,
)
from tasks.core.study.stage_record import FileRef
from tasks.report.records.inventory import evidence_files, read_inventory, write_inventory
from tasks.report.verification.contents import places
from tasks.report.verification.verification import finding_lines, verify_hub

PROJECT = Path(__file__).resolve().parents[4]
LIMIT_S = 10.0
TABLE = "analysis/dose_10000/dense/test/comparison_metrics.csv"


def findings(hub: Path) -> str:
    """Seal a changed hub anew, so that only what is wrong in itself is found."""
    write_inventory(hub)
    return "\n".join(finding_lines(verify_hub(hub)))


def change(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def test_a_good_hub_holds_here_and_in_another_place(pristine_hub, hub):
    report_here, report_there = verify_hub(pristine_hub), verify_hub(hub)
    assert report_here["all_valid"], finding_lines(report_here)
    assert report_here["n_invalid"] == 0
    assert report_here == report_there == read_json(hub / VERIFICATION_REPORT)
    assert len(report_here["validations"]) == report_here["n_validations"] > 40


def test_reports_and_verification_take_seconds_and_no_framework(hub):
    code = (
        "import sys\n"
        "from flows.cli.command_line import main\n"
        f"codes = [main(['--hub', {str(hub)!r}, way])\n"
        "         for way in ('--report-only', '--post-verify-only')]\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'ptychi'} & set(sys.modules)\n"
        "sys.exit(f'{codes} {heavy}' if heavy or codes != [0, 0] else 0)\n"
    )
    before = os.times()
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    after = os.times()
    spent_s = after.children_user - before.children_user
    assert spent_s + after.children_system - before.children_system < LIMIT_S


def test_the_inventory_is_sorted_and_exact(hub):
    entries = read_inventory(hub)
    assert list(entries) == evidence_files(hub) == sorted(entries)
    assert {INVENTORY, VERIFICATION_REPORT}.isdisjoint(entries)
    assert {"summary/attempts.jsonl", PLAN, TABLE, "cli/summarise.log"} <= set(entries)
    for path, entry in entries.items():
        ref = FileRef.of(hub, path)
        assert entry == (ref.size_bytes, ref.sha256)
    before = (hub / INVENTORY).read_bytes()
    for left_out in (".cache/x", "archive/x", ".lock", "data/.half.partial.h5"):
        write_text(hub / left_out, "no evidence")
    write_inventory(hub)
    assert (hub / INVENTORY).read_bytes() == before


def test_a_forged_delta_is_found_though_all_hashes_hold(hub):
    delta = read_json(hub / DELTA_SUMMARY)
    delta["deltas"]["vs_Baseline"]["mae"]["phase"] += 1e-12
    write_json(hub / DELTA_SUMMARY, delta)
    assert "deltas.vs_Baseline.mae.phase is" in findings(hub)


def test_a_forged_interval_is_found(hub):
    delta = read_json(hub / DELTA_SUMMARY)
    delta["intervals"]["vs_PtyChi"]["mae"]["phase"]["half_width"] *= 0.99
    write_json(hub / DELTA_SUMMARY, delta)
    assert "intervals.vs_PtyChi.mae.phase.half_width is" in findings(hub)


def test_a_forged_mean_is_found(hub):
    summary = read_json(hub / METRICS_SUMMARY)
    summary["aggregate_metrics"]["PtyChi"]["ms_ssim"]["best_phase"] = 0.99
    write_json(hub / METRICS_SUMMARY, summary)
    assert "aggregate_metrics.PtyChi.ms_ssim.best_phase is 0.99" in findings(hub)


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (HIGHLIGHTS, "amplitude +", "amplitude -", f"{HIGHLIGHTS} says"),
        (HIGHLIGHTS, "\nMAE Δ (PtychoPINN - PtyChi)", "MAE", "must have 4 lines"),
        (PREVIEW, "MS-SSIM Δ", "amplitude MS-SSIM Δ", f"{PREVIEW} says 'amplitude"),
        (DIGEST, "SUCCESSFUL: 1", "SUCCESSFUL: 2", f"{DIGEST} says 'ALL COMPARISONS SUCCESSFUL: 2"),
        (DIGEST, "photons per pattern", "photons", "not what summary and deltas give"),
        (DELTA_SUMMARY, '"analysis/metrics_summary.json"', '"/x/m.json"', "not inside of the hub"),
        ("cli/summarise.log", "ended well", "failed", "does not end with the good end"),
        ("cli/summarise.log", "1/1  done", "/home/ann/hub/x.h5", "names /home/ann/hub/x.h5"),
        (PLAN, '"schema_version": 1', '"schema_version": 2', "it is of version 2"),
        ("summary/attempts.jsonl", '"success"', '"splendid"', "line 1: $.result: 'splendid'"),
    ],
)
def test_what_a_text_must_not_say_is_found(hub, path, old, new, message):
    change(hub / path, old, new)
    assert message in findings(hub)


def test_the_grid_must_have_the_phases_of_the_deltas(hub):
    grid = hub / "analysis/ssim_grid_summary.md"
    text = grid.read_text(encoding="utf-8")
    phase = f"{read_json(hub / DELTA_SUMMARY)['deltas']['vs_PtyChi']['ms_ssim']['phase']:+.3f}"
    assert phase in text
    write_text(grid, text.replace(phase, "+7.123"))
    found = findings(hub)
    assert "ssim_grid_summary.md says" in found
    assert found.index("+7.123") < found.index("summary and deltas give") < found.index(phase)


def test_a_place_in_an_attribute_of_data_is_found(hub):
    path = "data/phase_f/dose_10000/dense/test/ptychi.h5"
    with h5py.File(hub / path, "a") as file:
        file.attrs["source"] = "/home/ann/scans/one.cxi"
    assert f"{path} names /home/ann/scans/one.cxi" in findings(hub)


def test_places_are_told_from_names_of_data_and_pages():
    for harmless in (
        "/entry_1/data_1/data", "https://example.org/home/page", "n/a", "and/or", "1/1  done",
        "<project>/tasks/train/stage.py", "~/tmp/x", "data/tmp/x", "../../usr/probe.h5",
        '"sep": "\\n"', "data:image/png;base64,AA+/tmp/AAAA",
    ):  # fmt: skip
        assert places(harmless.encode()) == [], harmless
    for place in ("/scratch/x", '"/home/a/b"', "(/root/hub)", "file:///x/y", "C:\\Users\\ann\\hub"):
        assert places(place.encode()), place
    assert places(b"in /cluster/hub/x", ("/cluster/hub",)) == ["/cluster/hub"]


def test_a_blocker_and_an_unfinished_stage_are_found(hub):
    blocker = {
        "written_at": "2026-01-01T00:00:00Z", "stage": "summarise", "command": None,
        "exception": "ValueError", "message": "no", "log": None, "log_tail": [],
    }  # fmt: skip
    write_json(hub / "analysis/blocker.json", blocker)
    (hub / "data/phase_c/dose_10000/manifest.json").unlink()
    found = findings(hub)
    assert "the last run was stopped in summarise by ValueError" in found
    assert "stage simulate.dose_10000: data/phase_c/dose_10000/manifest.json is missing" in found


def test_a_hub_whose_run_goes_on_does_not_hold(hub):
    plan = read_json(hub / PLAN)
    plan["stages"][-1]["cache_key"] = None
    write_json(hub / PLAN, plan)
    assert "has no key of summarise: the run did not end" in findings(hub)


def test_the_command_line_verifies_and_says_what_it_found(hub, capsys):
    assert main(["--hub", str(hub), "--post-verify-only"]) == 0
    assert "validations hold" in capsys.readouterr().out
    (hub / "analysis/metrics_digest.md").unlink()
    assert main(["--hub", str(hub), "--post-verify-only"]) == 1
    out = capsys.readouterr().out
    assert "validations failed" in out
    assert "analysis/metrics_digest.md is missing" in out
    assert main(["--hub", str(hub), "--report-only", "--skip-post-verify"]) == 0
    assert "Verification" not in capsys.readouterr().out
    assert not (hub / VERIFICATION_REPORT).exists()
    assert main(["--hub", str(hub), "--post-verify-only"]) == 0


def test_what_is_no_hub_is_bad_input(tmp_path, capsys):
    assert main(["--hub", str(tmp_path / "none"), "--post-verify-only"]) == 2
    assert main(["--hub", str(tmp_path), "--post-verify-only"]) == 2
    assert "no run of the flow made it" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (TABLE, "amplitude,phase,value", "amplitude,phase", "must have the columns"),
        (TABLE, "phase,value", "phase,value,extra", "must have the columns"),
        (TABLE, "Baseline,mae", "Nobody,mae", "rows of Nobody, and models are called PtychoPINN"),
        (TABLE, "PtyChi,ssim", "PtyChi,mae", "mae of PtyChi comes twice"),
        (PLAN, '"stages"', '"acts"', "is not the plan of a run"),
        (PLAN, "{", "{{", "is not valid JSON"),
    ],
)
def test_a_damaged_hub_is_refused_with_its_file_and_nothing_is_written(
    hub, path, old, new, message, capsys
):
    change(hub / path, old, new)
    before = {name: (hub / name).read_bytes() for name in evidence_files(hub)}
    assert main(["--hub", str(hub), "--report-only"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert message in error
    assert Path(path).name in error
    assert before == {name: (hub / name).read_bytes() for name in evidence_files(hub)}
    assert main(["--hub", str(hub), "--post-verify-only"]) == 1


@pytest.mark.parametrize("text", ["nan", "inf", "many", "1e999", "0x10"])
def test_text_for_a_number_is_refused(hub, text, capsys):
    lines = (hub / TABLE).read_text().splitlines()
    model, metric, _, *rest = lines[1].split(",")
    write_text(hub / TABLE, "\n".join([lines[0], ",".join([model, metric, text, *rest])]) + "\n")
    assert main(["--hub", str(hub), "--report-only"]) == 2
    assert f"must be a finite number or empty, got '{text}'" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_hub_that_cannot_be_written_to_is_kept_and_still_verified(hub, monkeypatch, capsys):
    before = {name: (hub / name).read_bytes() for name in [*evidence_files(hub), INVENTORY]}

    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    assert main(["--hub", str(hub), "--report-only"]) == 2
    assert "cannot be written" in " ".join(capsys.readouterr().err.split())
    assert verify(hub) == 0
    assert "is not written: Read-only file system" in capsys.readouterr().out
    assert before == {name: (hub / name).read_bytes() for name in [*evidence_files(hub), INVENTORY]}


def test_reports_do_not_vouch_for_what_was_changed_before(hub):
    (hub / "cli/summarise.log").write_text("# x ended well\n")
    assert report(hub, verify=True) == 1
    (hub / INVENTORY).unlink()
    assert report(hub, verify=True) == 0  # Nothing is left that could tell.


def test_tables_of_another_program_are_reported_on_without_evidence(hub, tmp_path):
    tables = tmp_path / "tables"
    (tables / TABLE).parent.mkdir(parents=True)
    shutil.copy(hub / TABLE, tables / TABLE)
    for _ in range(2):
        assert report(tables, verify=True) == 0
    assert not (tables / INVENTORY).exists()
    assert not (tables / VERIFICATION_REPORT).exists()
