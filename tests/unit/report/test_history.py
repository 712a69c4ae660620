import os
import subprocess
import sys

import numpy as np
import orjson
import pytest
from PIL import Image

from flows.execution.attempt import record_attempt
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY
from tasks.report.__main__ import PLOT_NAME, main
from tasks.report.history.changes import find_regressions
from tasks.report.history.history import read_history
from tasks.report.history.history_figure import write_history_plot
from tasks.report.publish.artifacts import published_payload, regressed_payload
from tasks.report.records.attempts import interval_record, last_attempt, read_attempts

PARAMETERS = {"seed": 42, "view": "dense"}


def line(hub, **changes):
    """Return what an attempt that ended well leaves behind."""
    delta = read_json(hub / DELTA_SUMMARY)
    return {
        "schema_version": 1,
        "started_at": "2026-11-25T03:49:35Z",
        "ended_at": "2026-11-25T03:52:06Z",
        "result": "success",
        "parameters": PARAMETERS,
        "git": {"commit": "2f844953188a", "dirty": False},
        "deltas": delta["deltas"],
        "intervals": interval_record(delta),
    } | changes


def put_attempts(hub, *entries):
    path = hub / ATTEMPTS
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(e) + b"\n" for e in entries))


def shifted(deltas, amount, metric="mae"):
    """Return deltas that are larger by an amount in one metric."""
    return {
        rival: {
            name: {p: v + amount if name == metric else v for p, v in parts.items()}
            for name, parts in metrics.items()
        }
        for rival, metrics in deltas.items()
    }


def test_every_attempt_is_read_back(report_hub):
    hub = report_hub("hub")
    blocker = {"stage": "train", "exception": "ValueError", "message": "no"}
    failed = line(hub, result="failed", deltas=None, intervals=None, blocker=blocker)
    put_attempts(hub, failed, line(hub))
    first, second = read_attempts(hub)
    assert first.blocker.model_dump(exclude_unset=True) == blocker
    assert first.deltas is None
    assert second.deltas == read_json(hub / DELTA_SUMMARY)["deltas"]
    assert second.parameters == PARAMETERS
    known = second.intervals["vs_PtyChi"]["mae"]["phase"]
    entry = read_json(hub / DELTA_SUMMARY)["intervals"]["vs_PtyChi"]["mae"]["phase"]
    assert (known.half_width, known.verdict, known.kind) == (
        entry["half_width"],
        entry["verdict"],
        "spatial",
    )
    assert last_attempt(hub) == second


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[:40], "line 2: expected JSON"),
        (lambda _raw: b"[]", "line 2: $: []"),
        (lambda raw: orjson.dumps(orjson.loads(raw) | {"schema_version": 2}), "schema_version"),
        (lambda raw: raw.replace(b"2026-11-25T03:52:06Z", b"yesterday"), "ended_at"),
        (
            lambda raw: orjson.dumps(orjson.loads(raw) | {"deltas": {"vs": {"mae": {"p": "0"}}}}),
            "p:",
        ),
        (lambda raw: raw.replace(b'"success"', b"null"), "result"),
    ],
)
def test_a_damaged_line_is_named_with_its_cure(damage, words, report_hub, capsys):
    hub = report_hub("hub")
    put_attempts(hub, line(hub))
    raw = (hub / ATTEMPTS).read_bytes()
    (hub / ATTEMPTS).write_bytes(raw + damage(raw.strip()) + b"\n")
    assert main(["history", str(hub)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "remove the line" in error
    assert not (hub.parent / PLOT_NAME).exists()
    assert last_attempt(hub) is None


def test_an_attempt_after_half_a_line_is_a_line_of_its_own(report_hub):
    hub = report_hub("hub")
    put_attempts(hub, line(hub))
    with (hub / ATTEMPTS).open("ab") as file:
        file.write(b'{"started_at": "2026')
    details = {name: line(hub)[name] for name in ("parameters", "git", "deltas", "intervals")}
    record_attempt(hub, "2026-11-25T05:00:00Z", "success", details)
    assert last_attempt(hub).started_at == "2026-11-25T05:00:00Z"
    assert last_attempt(hub).deltas == line(hub)["deltas"]
    assert len((hub / ATTEMPTS).read_bytes().splitlines()) == 3


def test_a_history_is_a_table_and_a_plot_beside_the_first_hub(report_hub, capsys):
    first, second = report_hub("first"), report_hub("second", seed=1)
    failed = line(first, result="failed", deltas=None, intervals=None)
    failed["blocker"] = {"stage": "train", "exception": "ValueError", "message": "no light"}
    put_attempts(first, failed, line(first))
    assert main(["history", str(first), str(second), str(first)]) == 0
    out = capsys.readouterr().out
    rows = [text.split() for text in out.splitlines() if text.startswith(("first", "second"))]
    assert [row[:2] for row in rows[:3]] == [["first", "#1"], ["first", "#2"], ["second", "#1"]]
    assert len(rows) == 6 + 1
    assert "first #1 stopped in train: ValueError: no light" in out
    assert "2f84495" in out
    entry = read_json(first / DELTA_SUMMARY)["intervals"]["vs_PtyChi"]["mae"]["phase"]
    assert f"± {entry['half_width']:.5f}" in out
    plot = first.parent / PLOT_NAME
    assert f"Plot: {plot}" in out
    with Image.open(plot) as image:
        assert np.asarray(image.convert("L")).std() > 10


def test_deltas_against_an_arm_that_the_catalogue_lacks_are_told_of(report_hub, capsys):
    hub = report_hub("hub")
    deltas = line(hub)["deltas"]
    put_attempts(hub, line(hub, deltas=deltas | {"vs_MySolver": deltas["vs_PtyChi"]}), line(hub))
    assert main(["history", str(hub)]) == 0
    assert "Not shown: vs MySolver of hub #1." in capsys.readouterr().out


def test_a_hub_of_tables_alone_shows_its_reports(report_hub):
    (entry,) = read_history([report_hub("hub")])
    assert entry.attempt.result == "reports alone"
    assert entry.measured("PtyChi", "mae", "phase").half_width is not None


def test_attempts_without_intervals_take_those_of_reports_with_their_deltas(report_hub):
    hub = report_hub("hub")
    old = {k: v for k, v in line(hub).items() if k not in ("intervals", "schema_version", "git")}
    put_attempts(hub, old | {"deltas": shifted(old["deltas"], 0.1)}, old)
    before, after = (e.measured("PtyChi", "mae", "phase") for e in read_history([hub]))
    assert before.half_width is None
    assert after.half_width is not None


def test_hubs_of_one_name_are_told_apart(report_hub):
    names = {entry.hub for entry in read_history([report_hub("a/hub"), report_hub("b/hub")])}
    assert len(names) == 2


def test_the_plot_is_the_same_for_the_same_history(report_hub, tmp_path):
    entries = read_history([report_hub("hub")])
    for name in ("one.png", "two.png"):
        write_history_plot(tmp_path / name, entries)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_bad_histories_are_refused(report_hub, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    hub = report_hub("hub")
    taken = tmp_path / "taken.png"
    taken.mkdir()
    for words, arguments in (
        ("needs a hub", []),
        ("does not exist", [tmp_path / "none"]),
        ("is a file", [hub / DELTA_SUMMARY]),
        ("is empty", [""]),
        ("No run made this folder", [tmp_path / "empty"]),
        ("make the folder", [hub, "--output", tmp_path / "nowhere/plot.png"]),
        ("ends in .png", [hub, "--output", tmp_path / "plot.txt"]),
        ("Name a file", [hub, "--output", taken]),
        ("cannot be written", [hub, "--output", hub / DELTA_SUMMARY / "plot.png"]),
    ):
        assert main(["history", *map(str, arguments)]) == 2, words
        said = capsys.readouterr()
        assert words in said.err
        assert said.out == ""
    assert not (tmp_path / "nowhere").exists()


def test_a_delta_summary_of_another_version_is_refused(report_hub, capsys):
    hub = report_hub("hub")
    write_json(hub / DELTA_SUMMARY, read_json(hub / DELTA_SUMMARY) | {"schema_version": 7})
    assert main(["history", str(hub)]) == 2
    assert "schema_version" in capsys.readouterr().err


def test_a_delta_worse_than_that_of_the_attempt_before_is_a_regression(report_hub, put_plan):
    hub = report_hub("hub")
    put_plan(hub, parameters=PARAMETERS)
    delta = read_json(hub / DELTA_SUMMARY)
    assert find_regressions(hub, delta) == []
    put_attempts(hub, line(hub))
    assert find_regressions(hub, delta) == []
    put_attempts(hub, line(hub, deltas=shifted(delta["deltas"], -0.01)), line(hub, deltas=None))
    found = find_regressions(hub, delta)
    assert {(c.subject, c.metric) for c in found} == {
        ("PtychoPINN - Baseline", "mae"),
        ("PtychoPINN - PtyChi", "mae"),
    }
    payload = orjson.loads(orjson.dumps(regressed_payload(delta, found)))
    assert payload["regressions"][0]["change"] == pytest.approx(0.01)
    put_attempts(hub, line(hub, deltas=shifted(delta["deltas"], 0.01)))
    assert find_regressions(hub, delta) == []


def test_an_attempt_with_other_parameters_or_no_interval_is_not_compared(report_hub, put_plan):
    hub = report_hub("hub")
    put_plan(hub, parameters=PARAMETERS)
    delta = read_json(hub / DELTA_SUMMARY)
    better = shifted(delta["deltas"], -0.01)
    put_attempts(hub, line(hub, deltas=better, parameters=PARAMETERS | {"seed": 1}))
    assert find_regressions(hub, delta) == []
    put_attempts(hub, line(hub, deltas=better, intervals=None))
    assert find_regressions(hub, delta) == []


def test_the_event_of_a_publication_is_plain_json(report_hub):
    delta = read_json(report_hub("hub") / DELTA_SUMMARY)
    payload = orjson.loads(orjson.dumps(published_payload(delta)))
    assert payload["deltas"] == delta["deltas"]
    assert payload["intervals"] == interval_record(delta)


def test_a_reader_that_closes_early_is_no_error(report_hub):
    """As `... | head -1` does."""
    hub = report_hub("hub")
    command = [sys.executable, "-m", "tasks.report", "diff", str(hub), str(hub)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
