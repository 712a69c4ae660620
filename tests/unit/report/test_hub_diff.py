import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import METRICS_SUMMARY
from tasks.report.__main__ import main
from tasks.report.history.changes import Change, Measured, Outcome, faults_of, unjudged_of
from tasks.report.history.hub_diff import _cells, diff_hubs
from tasks.report.history.hub_scores import read_hub_scores
from tasks.report.publish.write_reports import rebuild_numbers
from tasks.report.statistics.summary import ReportParams

WORSE = {("PtychoPINN", "mae"): 0.01}


def diff(before, after):
    return diff_hubs(read_hub_scores(before), read_hub_scores(after))


def find(changes, subject, metric="mae", part="phase"):
    (found,) = [c for c in changes if (c.subject, c.metric, c.part) == (subject, metric, part)]
    return found


@pytest.mark.parametrize(
    ("metric", "before", "after", "outcome"),
    [
        ("mae", (1.0, 0.3), (1.6, 0.4), Outcome.WORSE),
        ("mae", (1.0, 0.3), (1.5, 0.4), Outcome.NOISE),
        ("mae", (1.0, 0.3), (0.4, 0.4), Outcome.BETTER),
        ("psnr", (1.0, 0.3), (0.4, 0.4), Outcome.WORSE),
        ("psnr", (1.0, 0.3), (1.6, 0.4), Outcome.BETTER),
        ("mae", (1.0, None), (1.6, 0.4), Outcome.UNKNOWN),
        ("mae", (1.0, None), (1.0, None), Outcome.SAME),
        ("mae", (1.0, 0.3), (None, None), Outcome.LOST),
        ("mae", (None, None), (1.0, 0.3), Outcome.NEW),
        ("frc_half_crossing_per_px", (0.4, None), (None, None), Outcome.CENSORED),
        ("frc_half_crossing_per_px", (None, None), (0.4, None), Outcome.CENSORED),
        ("frc_half_crossing_per_px", (0.4, 0.01), (0.3, 0.01), Outcome.WORSE),
        ("frc_area", (0.4, 0.01), (None, None), Outcome.LOST),
    ],
)
def test_a_change_is_judged_by_direction_and_noise(metric, before, after, outcome):
    change = Change("PtyChi", metric, "phase", Measured(*before), Measured(*after))
    assert change.outcome is outcome
    assert (faults_of([change]) == [change]) == (outcome in (Outcome.WORSE, Outcome.LOST))


def test_only_what_moves_against_its_direction_needs_a_judge():
    changes = [
        Change("PtyChi", "mae", "phase", Measured(1.0), Measured(after)) for after in (0.9, 1.1)
    ]
    assert unjudged_of(changes) == changes[1:]


def test_the_noise_is_that_of_two_independent_intervals(report_hub):
    """Reference: SciPy's interval over the blocks of each hub, by hand from their tables."""
    hubs = [report_hub(name, seed=seed) for seed, name in enumerate(("a", "b"))]
    half_widths = []
    for hub in hubs:
        lines = (hub / "analysis/dose_1000/dense/test/block_metrics.csv").read_text().splitlines()
        values = [float(line.split(",")[4]) for line in lines if line.startswith("PtyChi,mae,")]
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        half_widths.append((high - low) / 2)
    change = find(diff(*hubs).scores, "PtyChi")
    assert change.noise == pytest.approx(np.hypot(*half_widths), rel=1e-9)
    assert change.after.kind == "spatial"


def test_a_number_that_is_not_zero_never_reads_as_zero(report_hub):
    """The noise of a small MSE may be far larger than a delta: its digits alone would hide it."""
    change = Change(
        "PtychoPINN - Baseline", "mse", "phase", Measured(-1.6e-5, 1e-3), Measured(3e-5, 1e-3)
    )
    cells = _cells(change)
    assert cells[3:7] == ["-0.000016", "+0.000030", "+0.000046", "0.001414"]
    coarse = _cells(replace(change, before=Measured(-0.02, 1e-3), after=Measured(0.01, 1e-3)))
    assert coarse[3:7] == ["-0.0200", "+0.0100", "+0.0300", "0.0014"]
    unknown = _cells(replace(change, before=Measured(-1.6e-5), after=Measured(-1.6e-5)))
    assert unknown[3:6] == ["-0.000016", "-0.000016", "+0.000000"]


def test_a_hub_against_itself_has_no_change_and_passes_the_gate(report_hub, tmp_path, capsys):
    hub = report_hub("hub")
    copy = tmp_path / "copy"
    shutil.copytree(hub, copy)
    found = diff(hub, copy)
    assert {c.outcome for c in [*found.scores, *found.deltas]} == {Outcome.SAME}
    assert main(["diff", str(hub), str(copy), "--gate"]) == 0
    assert "GATE PASSED" in capsys.readouterr().out


def test_a_hub_without_intervals_passes_against_itself(report_hub, capsys):
    hub = report_hub("hub", blocks=False)
    assert main(["diff", str(hub), str(hub), "--gate"]) == 0


def test_a_worsened_copy_trips_the_gate(report_hub, capsys):
    good, bad = report_hub("good"), report_hub("bad", shifts=WORSE)
    assert main(["diff", str(good), str(bad)]) == 0
    assert main(["diff", str(good), str(bad), "--gate"]) == 1
    out = capsys.readouterr().out
    assert "GATE FAILED: 6 of 20 numbers are worse beyond noise or gone" in out
    assert main(["diff", str(bad), str(good), "--gate"]) == 0
    found = diff(good, bad)
    assert {c.subject for c in faults_of([*found.scores, *found.deltas])} == {
        "PtychoPINN",
        "PtychoPINN - Baseline",
        "PtychoPINN - PtyChi",
    }
    assert find(found.scores, "PtychoPINN").change == pytest.approx(0.01)
    assert find(found.scores, "Baseline").outcome is Outcome.SAME


def test_a_better_rival_makes_the_delta_worse_and_no_score(report_hub):
    found = diff(report_hub("a"), report_hub("b", shifts={("PtyChi", "mae"): -0.01}))
    assert {c.subject for c in faults_of([*found.scores, *found.deltas])} == {"PtychoPINN - PtyChi"}


def test_worse_within_the_noise_passes(report_hub, capsys):
    a, b = report_hub("a"), report_hub("b", shifts={("PtychoPINN", "mae"): 1e-5})
    assert find(diff(a, b).scores, "PtychoPINN").outcome is Outcome.NOISE
    assert main(["diff", str(a), str(b), "--gate"]) == 0


def test_an_arm_that_is_gone_trips_the_gate(report_hub, capsys):
    a, b = report_hub("a"), report_hub("b", arms=("PtychoPINN", "Baseline"))
    assert main(["diff", str(a), str(b), "--gate"]) == 1
    assert "lost" in capsys.readouterr().out
    assert main(["diff", str(b), str(a), "--gate"]) == 0


def test_a_gate_that_cannot_judge_does_not_pass(report_hub, capsys):
    a, b = report_hub("a", blocks=False), report_hub("b", blocks=False, shifts=WORSE)
    assert main(["diff", str(a), str(b)]) == 0
    assert main(["diff", str(a), str(b), "--gate"]) == 2
    assert "two or more seeds" in capsys.readouterr().err


def put_truth(hub, fingerprint):
    record = {"inputs": {"truth": {"sha256": fingerprint}}}
    write_json(hub / "analysis/dose_1000/dense/test/manifest.json", record)


def test_blocks_of_one_object_do_not_judge_another(report_hub, capsys):
    a, b = report_hub("a"), report_hub("b", shifts=WORSE)
    put_truth(a, "0" * 64)
    assert main(["diff", str(a), str(b), "--gate"]) == 1
    put_truth(b, "0" * 64)
    assert main(["diff", str(a), str(b), "--gate"]) == 1
    assert "different objects" not in capsys.readouterr().out
    put_truth(b, "1" * 64)
    assert find(diff(a, b).scores, "PtychoPINN").outcome is Outcome.UNKNOWN
    assert main(["diff", str(a), str(b), "--gate"]) == 2
    captured = capsys.readouterr()
    assert "The hubs show different objects" in captured.out
    assert "two or more seeds" in captured.err


def test_seeds_judge_whatever_the_objects(tmp_path, report_hub):
    """Two replicates each; reference: Student's interval of two seeds by hand."""
    hubs = []
    for name, values in (("a", (0.010, 0.012)), ("b", (0.110, 0.113))):
        for number, value in enumerate(values, start=1):
            middle = f"replicate_{number}/" if number > 1 else ""
            folder = tmp_path / f"{name}/analysis/dose_1000/{middle}dense/test"
            rows = [MetricRow(arm, "mae", value, value) for arm in ("PtychoPINN", "PtyChi")]
            write_metrics_csv(folder / "comparison_metrics.csv", rows)
        rebuild_numbers(tmp_path / name, ReportParams())
        hubs.append(tmp_path / name)
        put_truth(tmp_path / name, name)
    change = find(diff(*hubs).scores, "PtyChi")
    assert change.outcome is Outcome.WORSE
    quantile = stats.t.ppf(0.975, 1)
    expected = quantile * np.hypot(0.002 / 2, 0.003 / 2)
    assert change.noise == pytest.approx(expected, rel=1e-6)
    assert change.before.kind == "seeds"


def test_only_shared_conditions_are_compared(report_hub, tmp_path, capsys):
    a = report_hub("a")
    report_hub("a", dose=2000)
    b = report_hub("b")
    found = diff(a, b)
    assert found.left_out == [(2000, "dense", "test")]
    assert {c.outcome for c in found.scores} == {Outcome.SAME}
    assert main(["diff", str(a), str(b)]) == 0
    assert "2000 dense test: left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "cure"),
    [
        (lambda s: s | {"schema_version": 2}, "schema_version"),
        (lambda s: {k: v for k, v in s.items() if k != "jobs"}, "jobs"),
        (lambda s: s | {"jobs": []}, "got 0"),
        (lambda s: s | {"jobs": s["jobs"] * 2}, "each once"),
        (lambda s: s | {"jobs": [s["jobs"][0] | {"dose": "many"}]}, "jobs[0].dose: 'many'"),
        (lambda s: [s], "$: ["),
    ],
)
def test_a_summary_that_is_none_is_refused_with_its_cure(damage, cure, report_hub, capsys):
    a, b = report_hub("a"), report_hub("b")
    write_json(b / METRICS_SUMMARY, damage(read_json(b / METRICS_SUMMARY)))
    assert main(["diff", str(a), str(b)]) == 2
    error = capsys.readouterr().err
    assert cure in error
    assert "--report-only" in error


def test_bad_places_are_refused(report_hub, tmp_path, capsys):
    hub = report_hub("hub")
    (tmp_path / "empty").mkdir()
    for other, words in (("empty", "has no analysis/metrics_summary"), ("none", "does not exist")):
        assert main(["diff", str(hub), str(tmp_path / other), "--gate"]) == 2
        assert words in capsys.readouterr().err
    other = report_hub("other", dose=500)
    assert main(["diff", str(hub), str(other)]) == 2
    assert "share no dose, view and split" in capsys.readouterr().err
    (hub / METRICS_SUMMARY).write_bytes((hub / METRICS_SUMMARY).read_bytes()[:100])
    assert main(["diff", str(hub), str(other)]) == 2
    assert "not valid JSON" in capsys.readouterr().err
    assert main(["diff", str(hub)]) == 2
    assert main(["nonsense"]) == 2


def test_a_folder_that_is_no_hub_is_not_sent_to_make_reports(report_hub, tmp_path, capsys):
    hub = report_hub("hub")
    (tmp_path / "docs").mkdir()
    assert main(["diff", str(hub), str(tmp_path / "docs")]) == 2
    assert "--report-only" not in capsys.readouterr().err
    (hub / METRICS_SUMMARY).unlink()
    assert main(["diff", str(hub), str(hub)]) == 2
    assert "--report-only" in capsys.readouterr().err


def test_an_arm_that_the_catalogue_lacks_is_not_left_out_without_a_word(report_hub, capsys):
    hub = report_hub("hub")
    summary = read_json(hub / METRICS_SUMMARY)
    rows = summary["jobs"][0]["metrics"]
    rows += [row | {"model": "MySolver"} for row in rows if row["model"] == "PtyChi"]
    write_json(hub / METRICS_SUMMARY, summary)
    assert main(["diff", str(hub), str(hub)]) == 0
    assert "Not in the catalogue: MySolver: left out" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_named_and_is_not_worse(report_hub, capsys):
    hub = report_hub("hub")
    (hub / METRICS_SUMMARY).unlink()
    (hub / METRICS_SUMMARY).symlink_to(METRICS_SUMMARY.rpartition("/")[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pathlib.Path.is_file", lambda _path: True)
        assert main(["diff", str(hub), str(hub), "--gate"]) == 2
    assert "metrics_summary.json cannot be used" in capsys.readouterr().err


def test_the_command_line_needs_no_framework(report_hub):
    hub = report_hub("hub")
    script = (
        "import sys; from tasks.report.__main__ import main; "
        f"code = main(['diff', {str(hub)!r}, {str(hub)!r}, '--gate']); "
        "print(code, sorted({'tensorflow', 'torch', 'keras', 'prefect'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 []"
