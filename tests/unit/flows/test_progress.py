import io

import pytest
from rich.console import Console

from flows.execution.run_monitor import run_monitor
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from flows.progress import short_name, watched_on, watching_console
from tasks.runtime.run_session import StageEvent

STAGE = "predict-baseline.dose_1000.dense.test"


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        (STAGE, "predict-baseline test"),
        ("simulate.dose_1000", "simulate"),
        ("view.dose_2.5.sparse.train", "view train"),
        ("summarise", "summarise"),
        ("simulate.dose_1000.replicate_2", "simulate, replicate 2"),
        ("train-baseline.dose_1000.replicate_12.dense", "train-baseline, replicate 12"),
        ("halve.dose_1000.replicate_2.dense.test", "halve test, replicate 2"),
    ],
)
def test_stages_have_short_names(stage, name):
    assert short_name(stage) == name


def show(tmp_path, console):
    plan = make_plan(PhaseGParams(hub=tmp_path))
    with run_monitor(tmp_path, plan, console) as monitor:
        monitor(StageEvent(STAGE, "started"))
        for done in range(1, 11):
            monitor(StageEvent(STAGE, "progress", f"step {done}", done, 10))
        monitor(StageEvent(STAGE, "finished"))
        monitor(StageEvent("simulate.dose_1000", "cached"))
        monitor(StageEvent("summarise", "failed", "it broke"))
    return (tmp_path / "cli/run_phase_g_dense.log").read_text()


def test_a_run_without_a_terminal_has_a_few_plain_lines(tmp_path):
    output = io.StringIO()
    log = show(tmp_path, Console(file=output, width=60))
    lines = [line.split(" ", 1)[1] for line in output.getvalue().splitlines()]
    assert lines[:2] == ["predict-baseline test: started", "predict-baseline test: 30%, step 3"]
    assert len([line for line in lines if "%" in line]) == 3
    assert lines[-2:] == ["simulate: cached", "summarise: failed it broke"]
    assert [line.split(" ", 1)[1] for line in log.splitlines()] == lines


def test_a_stage_that_fails_is_told_by_its_short_name(tmp_path):
    output = io.StringIO()
    plan = make_plan(PhaseGParams(hub=tmp_path))
    with run_monitor(tmp_path, plan, Console(file=output, width=60)) as monitor:
        monitor(StageEvent(STAGE, "failed", "with ValueError: no light"))
    (line,) = output.getvalue().splitlines()
    assert line.split(" ", 1)[1] == "predict-baseline test: failed with ValueError: no light"


def test_a_terminal_shows_a_bar_for_every_stage(tmp_path):
    output = io.StringIO()
    show(tmp_path, Console(file=output, width=120, height=40, force_terminal=True))
    text = output.getvalue()
    for call in make_plan(PhaseGParams(hub=tmp_path)):
        assert short_name(call.stage) in text
    assert "done" in text
    assert "already done" in text


def test_a_worker_shows_nothing_but_keeps_the_log(tmp_path):
    assert "predict-baseline test: done in" in show(tmp_path, None)


def test_a_console_is_watched_only_inside_its_block():
    console = Console(file=io.StringIO())
    assert watching_console() is None
    with watched_on(console):
        assert watching_console() is console
    assert watching_console() is None
