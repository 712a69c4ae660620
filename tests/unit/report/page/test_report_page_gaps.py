"""The page of a hub that lacks something, or holds something damaged."""

import numpy as np
import pytest

from flows.cli.without_a_run import report
from flows.execution.attempt import write_blocker
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import DIGEST, HUB_SUMMARY, METRICS_SUMMARY, PLAN, REPORT_PAGE
from tasks.report.page.comparison_file import read_aligned
from tasks.report.page.page_files import PageFiles
from tasks.report.page.write import write_report_html

JOB = "analysis/dose_1000/dense/test"


MISSING = {
    PLAN: "no plan that can be shown",
    f"{JOB}/frc_curves.csv": "no ring correlation that can be shown",
    f"{JOB}/convergence.csv": "no convergence curves that can be shown",
    f"{JOB}/reconstructions_aligned.npz": "No pictures here",
    "analysis/arm_costs.csv": "no costs that can be shown",
}


@pytest.mark.parametrize("name", MISSING)
def test_what_a_hub_lacks_is_said_in_its_section(page_hub, name, rebuilt):
    (page_hub / name).unlink()
    assert MISSING[name] in rebuilt(page_hub).texts["body"]


READ = (
    f"{JOB}/comparison.json",
    f"{JOB}/frc_curves.csv",
    f"{JOB}/convergence.csv",
    f"{JOB}/reconstructions_aligned.npz",
    "analysis/arm_costs.csv",
    "data/phase_c/dose_1000/manifest.json",
    "data/phase_d/dose_1000/dense/test/overlap_metrics.json",
    "data/phase_e/dose_1000/dense/ptychopinn/gs4/history.csv",
    "data/phase_f/dose_1000/dense/test/ptychi_history.csv",
)
DAMAGE = {
    "emptied": lambda _: b"",
    "cut short": lambda content: content[: len(content) // 2 + 1] + b"\xff",
    "other bytes": lambda _: bytes(range(256)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_named_at_the_top(page_hub, damage, rebuilt):
    for name in READ:
        path = page_hub / name
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    banner = rebuilt(page_hub).texts["banner"]
    assert "Partial report" in banner
    assert [name for name in READ if f"{name} cannot be used" not in banner] == []
    assert str(page_hub) not in banner


def test_flipped_bytes_are_a_problem_or_change_nothing_that_is_read(page_hub, rng):
    path = page_hub / JOB / "reconstructions_aligned.npz"
    whole, truth = path.read_bytes(), read_aligned(path).truth
    noticed = 0
    for place in rng.integers(len(whole), size=200):
        flipped = bytearray(whole)
        flipped[place] ^= 0xFF
        path.write_bytes(bytes(flipped))
        files = PageFiles(page_hub, "analysis")
        aligned = files.read(f"{JOB}/reconstructions_aligned.npz", read_aligned)
        assert len(files.problems) == (aligned is None)
        noticed += aligned is None
        if aligned is not None:
            np.testing.assert_array_equal(aligned.truth, truth)
    assert noticed > 150


def test_a_missing_arm_is_said_before_the_answer(page_hub, rebuilt):
    path = page_hub / JOB / "comparison_metrics.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("PtyChi,")))
    page = rebuilt(page_hub)
    assert "PtyChi is missing in dose_1000/dense/test." in page.texts["banner"]
    assert "PtychoPINN cannot be held against PtyChi" in page.texts["answer"]
    text = (page_hub / REPORT_PAGE).read_text(encoding="utf-8")
    assert text.index("Partial report") < text.index('class="answer"')


@pytest.mark.parametrize("profile", ["smoke", "quick"])
def test_only_numbers_of_smoke_are_said_to_mean_nothing_before_they_are_told(
    profile, page_hub, rebuilt, capsys
):
    plan = read_json(page_hub / PLAN)
    write_json(page_hub / PLAN, plan | {"parameters": plan["parameters"] | {"profile": profile}})
    rebuilt(page_hub)
    assert report(page_hub, verify=False) == 0
    texts = {name: (page_hub / name).read_text() for name in (REPORT_PAGE, DIGEST, HUB_SUMMARY)}
    texts["terminal"] = capsys.readouterr().out
    sentence = "The profile smoke only shows that all stages work: its numbers and verdicts mean"
    if profile == "smoke":
        before = {REPORT_PAGE: 'class="answer"', DIGEST: "##", HUB_SUMMARY: "##", "terminal": "Δ"}
        assert [
            n for n, text in texts.items() if sentence not in text.partition(before[n])[0]
        ] == []
    else:
        assert [name for name, text in texts.items() if sentence in text] == []


def test_a_failed_comparison_leaves_a_page_that_says_so(page_hub, rebuilt):
    plan = read_json(page_hub / PLAN)
    table = f"{JOB}/comparison_metrics.csv"
    plan["stages"][0]["outputs"]["metrics"] = table
    write_json(page_hub / PLAN, plan)
    (page_hub / table).unlink()
    with pytest.raises(ValueError, match="holds no comparison: none of its 1 planned"):
        rebuilt(page_hub)
    write_blocker(page_hub, ValueError("no light"))
    page = rebuilt(page_hub)
    assert "stopped in the flow itself by ValueError: no light." in page.texts["banner"]
    assert "failed or is missing" in page.texts["banner"]
    assert "Outputs of these stages are missing: simulate.dose_1000." in page.texts["banner"]
    assert "No comparison succeeded" in page.texts["answer"]


def test_bad_numbers_leave_the_old_page_as_it_was(page_hub, rebuilt):
    rebuilt(page_hub)
    before = (page_hub / REPORT_PAGE).read_bytes()
    summary = page_hub / METRICS_SUMMARY
    summary.write_bytes(summary.read_bytes()[:100])
    with pytest.raises(ValueError, match="run the same command again"):
        write_report_html(page_hub)
    assert (page_hub / REPORT_PAGE).read_bytes() == before
    assert not list((page_hub / "analysis").glob(".*"))


def test_without_a_summary_there_is_no_page(tmp_path):
    assert write_report_html(tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_an_image_that_is_not_finite_somewhere_is_still_shown(page_hub, rebuilt):
    path = page_hub / JOB / "reconstructions_aligned.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["Baseline"][10, 10] = np.inf
    np.savez(path, **arrays)
    assert "Partial report" not in rebuilt(page_hub).texts["body"]
