"""The page and the figures of a hub are drawn once for each state of it."""

import shutil

import pytest

import tasks.report.page.page_files as drawn_state
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import (
    ATTEMPTS,
    COST_PLOT,
    DELTA_PLOT,
    DELTA_SUMMARY,
    PLAN,
    REPORT_PAGE,
)
from tasks.report.publish.write_reports import draw_reports, rebuild_numbers, write_reports
from tasks.report.statistics.summary import ReportParams

JOB = "analysis/dose_1000/dense/test"
TABLE = f"{JOB}/comparison_metrics.csv"


@pytest.fixture
def hub(finished_hub, tmp_path):
    """A hub with its reports, in another place than where they were drawn."""
    return shutil.copytree(finished_hub, tmp_path / "hub")


@pytest.fixture
def draws(hub, monkeypatch):
    """Return the function that tells whether the reports of a hub are drawn."""

    def draw():
        drawn = []
        monkeypatch.setattr("tasks.report.page.write.write_report_html", drawn.append)
        draw_reports(hub)
        return drawn == [hub]

    return draw


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_finished_hub_is_not_drawn_again(hub, draws):
    before = {name: (hub / name).stat().st_ino for name in (REPORT_PAGE, DELTA_PLOT)}
    assert write_reports(hub, "2026-01-01T00:00:00Z") is not None
    assert {name: (hub / name).stat().st_ino for name in before} == before
    assert not draws()


def test_numbers_alone_draw_nothing(page_hub):
    rebuild_numbers(page_hub, ReportParams())
    assert (page_hub / DELTA_SUMMARY).is_file()
    assert not list(page_hub.glob("analysis/**/*.png"))
    assert not (page_hub / REPORT_PAGE).exists()


def test_what_no_report_shows_changes_nothing(hub, draws):
    plan = read_json(hub / PLAN)
    plan["written_at"] = "2027-01-01T00:00:00Z"
    plan["stages"][0]["cache_key"] = None
    write_json(hub / PLAN, plan)
    (hub / ATTEMPTS).parent.mkdir(exist_ok=True)
    (hub / ATTEMPTS).write_text("{}\n")
    assert not draws()


CHANGES = {
    "a table": lambda hub: replace(hub / TABLE, "Flat,mae,0.3", "Flat,mae,0.4"),
    "blocks": lambda hub: replace(hub / JOB / "block_metrics.csv", "mae,0,0.", "mae,0,0.1"),
    "a ring correlation": lambda hub: replace(hub / JOB / "frc_curves.csv", "1,", "0.99,"),
    "an image": lambda hub: (hub / JOB / "reconstructions_aligned.npz").write_bytes(b"no"),
    "costs": lambda hub: replace(hub / "analysis/arm_costs.csv", "3.5", "4.5"),
    "the plan": lambda hub: replace(hub / PLAN, "0123abcd", "4567abcd"),
    "a new file": lambda hub: (hub / COST_PLOT).write_bytes(b"picture"),
    "a new training": lambda hub: (
        (hub / "data/phase_e/dose_1000/dense/baseline/gs4").mkdir(parents=True)
        or (hub / "data/phase_e/dose_1000/dense/baseline/gs4/history.csv").write_text("step")
    ),
    "a page that is gone": lambda hub: (hub / REPORT_PAGE).unlink(),
    "a page that was edited": lambda hub: replace(hub / REPORT_PAGE, "Flags", "Flag"),
    "a figure that is gone": lambda hub: (hub / JOB / "frc_curves.png").unlink(),
    "a figure that is damaged": lambda hub: (hub / DELTA_PLOT).write_bytes(b""),
    "no state": lambda hub: (hub / drawn_state.STATE).unlink(),
    "a damaged state": lambda hub: (hub / drawn_state.STATE).write_text('{"asked": 1}'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_report_has_it_drawn_again(hub, draws, change):
    CHANGES[change](hub)
    rebuild_numbers(hub, ReportParams())
    assert draws()


def test_another_program_draws_again(hub, draws, monkeypatch):
    monkeypatch.setattr(drawn_state, "program_sha256", lambda: "another")
    assert draws()
