"""The page of a hub: what it shows, and that it needs nothing."""

import itertools
import re
import shutil
import subprocess
import sys

import pytest

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import (
    DELTA_PLOT,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PLAN,
    REPORT_PAGE,
)
from tasks.report.page.write import SIZE_LIMIT_BYTES, write_report_html

JOB = "analysis/dose_1000/dense/test"


def test_the_page_needs_nothing_but_itself(finished_hub, read_page):
    page = read_page(finished_hub)
    text = (finished_hub / REPORT_PAGE).read_text(encoding="utf-8")
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "iframe", "object", "embed", "base", "audio", "video"}
    assert all(source.startswith("data:image/png;base64,") for source in page.values("img", "src"))
    assert not page.values("script", "src")
    assert not re.search(r"@import|url\((?!#)", text)
    addresses = set(re.findall(r"https?://[^\"'<\s]+", text))
    assert addresses == {"http://www.w3.org/1999/xlink"}  # the name of a vocabulary, never fetched
    assert str(finished_hub) not in text
    assert finished_hub.parent.as_posix() not in text


def test_every_link_leads_to_a_file_of_the_hub_or_a_section(finished_hub, read_page):
    page = read_page(finished_hub)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = page.values("a", "href")
    assert len(links) > 15
    for link in links:
        if link.startswith("#"):
            assert link[1:] in ids
        else:
            target = (finished_hub / "analysis" / link).resolve()
            assert target.is_file()
            assert target.is_relative_to(finished_hub.resolve())


def test_the_page_can_be_read_aloud(finished_hub, read_page):
    page = read_page(finished_hub)
    assert all(page.values("img", "alt"))
    assert len(page.values("img", "alt")) == len(page.values("img", "src"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    charts = [a for tag, a in page.elements if tag == "svg"]
    assert len(charts) == 4 + 2 + 1 + 1 + 2
    assert all(chart["role"] == "img" for chart in charts)
    assert ("html", {"lang": "en"}) in page.elements


def test_equal_hubs_give_equal_bytes_wherever_they_lie(page_hub, tmp_path, rebuilt):
    rebuilt(page_hub)
    first = (page_hub / REPORT_PAGE).read_bytes()
    moved = tmp_path / "elsewhere" / "moved"
    shutil.copytree(page_hub, moved)
    write_report_html(moved)
    assert (moved / REPORT_PAGE).read_bytes() == first
    assert (moved / DELTA_PLOT).read_bytes() == (page_hub / DELTA_PLOT).read_bytes()
    rebuilt(page_hub)
    assert (page_hub / REPORT_PAGE).read_bytes() == first


def test_deltas_on_the_page_are_those_of_the_summary(finished_hub, read_page, shows):
    page = read_page(finished_hub)
    found = read_json(finished_hub / DELTA_SUMMARY)["comparisons"]
    names = {"ms_ssim": "MS-SSIM", "mae": "MAE"}
    seen = 0
    for entry in found:
        if entry["family"] != "headline":
            continue
        key = [names[entry["metric"]], entry["part"], entry["against"]]
        (row,) = [row for row in page.rows if row[:3] == key]
        low, high = row[4].split(" to ")
        assert shows(row[3], entry["delta"])
        assert shows(low, entry["low"])
        assert shows(high, entry["high"])
        assert row[6] == entry["verdict"]
        seen += 1
    assert seen == 8


def test_metrics_on_the_page_are_those_of_the_table(finished_hub, read_page, shows):
    page = read_page(finished_hub)
    (job,) = read_json(finished_hub / METRICS_SUMMARY)["jobs"]
    (header,) = [row for row in page.rows if "FRC half crossing [1/px]" in row[1:]]
    columns = {
        "MS-SSIM ampl.": ("ms_ssim", "amplitude"),
        "MAE phase [rad]": ("mae", "phase"),
        "FRC half crossing [1/px]": ("frc_half_crossing_per_px", "value"),
    }
    seen = 0
    for entry in (*job["metrics"], *job["controls"]):
        place = page.rows.index(header)
        row = next(row for row in page.rows[place:] if row[0] == entry["model"])
        for title, (metric, part) in columns.items():
            if entry["metric"] == metric and entry[part] is not None:
                assert shows(row[header.index(title)], entry[part])
                seen += 1
    assert seen == 4 * 3 + 2


def test_the_answer_names_the_winner_and_its_numbers(finished_hub, read_page, shows):
    page = read_page(finished_hub)
    answer = page.texts["answer"]
    assert "PtyChi has the best mean in all 4 headline numbers" in answer
    entries = read_json(finished_hub / DELTA_SUMMARY)["comparisons"]
    known = [entry[name] for entry in entries for name in ("delta", "low", "high")]
    numbers = re.findall(r"[+-]\d+\.\d+", answer)
    assert numbers
    for number in numbers:
        assert any(value is not None and shows(number, value) for value in known)
    assert "worse in all 4 (" in answer
    assert "do not say how it would change with another object" in answer


def test_the_page_tells_what_was_run_and_measured(finished_hub, read_page):
    page = read_page(finished_hub)
    run, facts = page.texts["run"], page.texts["facts"]
    assert "1000 photons per pattern" in run
    assert "1003.5 photons per pattern (nominal 1000)" in facts
    assert "0.693 (nominal 0.7)" in facts
    assert "20 of 25 exposures" in facts
    assert "64.58 nm" in facts
    assert ["PtychoPINN-refined", "0.0812", "17", "–"] in page.rows
    provenance = page.texts["provenance"]
    assert "commit 0123abcd with changes that are not committed" in provenance
    assert ["simulate.dose_1000", "C", "1.2", "0.8", "321"] in [row[:5] for row in page.rows]
    assert "Partial report" not in page.texts["body"]


def test_pictures_hold_the_images_on_one_scale(finished_hub, read_page):
    page = read_page(finished_hub)
    pictures = [a for tag, a in page.elements if tag == "img" and "data-model" in a]
    shown = {(a["data-model"], a["data-part"]) for a in pictures}
    arms = ("PtychoPINN", "Baseline", "PtyChi", "NoNetwork")
    assert shown == {("Truth", "amplitude"), ("Truth", "phase")} | {
        (arm, part)
        for arm in arms
        for part in ("amplitude", "phase", "amplitude-error", "phase-error")
    }
    assert {(a["width"], a["height"]) for a in pictures} == {("42", "44")}


def test_further_comparisons_are_folded_behind_the_test_split(page_hub, add_page_job, rebuilt):
    add_page_job(page_hub, "analysis/dose_1000/dense/train")
    add_page_job(page_hub, "analysis/dose_1000/replicate_2/dense/test")
    page = rebuilt(page_hub)
    sections = [a["id"] for tag, a in page.elements if tag == "section" and a.get("class") == "job"]
    assert sections == [
        "dose_1000-dense-test",
        "dose_1000-replicate_2-dense-test",
        "dose_1000-dense-train",
    ]
    assert [tag for tag, _ in page.elements].count("details") == 2 + 1


def test_deltas_of_the_other_split_stand_beside_the_headline(
    page_hub, add_page_job, rebuilt, shows
):
    add_page_job(page_hub, "analysis/dose_1000/dense/train")
    page = rebuilt(page_hub)
    assert "Over the train split" in page.texts["deltas"]
    values = read_json(page_hub / DELTA_SUMMARY)["deltas_by_split"]["train"]
    rows = [row for row in page.rows if row[:3] == ["MAE", "phase", "PtyChi"]]
    assert len(rows) == 2
    assert shows(rows[1][3], values["vs_PtyChi"]["mae"]["phase"])


def test_what_the_records_say_is_text_and_no_markup(page_hub, rebuilt):
    plan = read_json(page_hub / PLAN)
    plan["versions"] = plan.get("versions", {}) | {"numpy": "<script>alert(1)</script>"}
    write_json(page_hub / PLAN, plan)
    page = rebuilt(page_hub)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "<script>alert(1)</script>" in page.texts["body"]


@pytest.mark.slow
def test_large_images_and_many_comparisons_stay_under_the_limit(page_hub, add_page_job, rebuilt):
    for replicate in range(2, 13):
        add_page_job(page_hub, f"analysis/dose_1000/replicate_{replicate}/dense/test", 400)
    add_page_job(page_hub, JOB, 900)
    page = rebuilt(page_hub)
    assert (page_hub / REPORT_PAGE).stat().st_size < SIZE_LIMIT_BYTES
    assert re.search(r"one pixel of \d+ in each direction", page.texts["body"])
    assert "the first 6 comparisons" in page.texts["body"]


def test_reports_load_no_framework(page_hub):
    script = (
        "import sys; from pathlib import Path\n"
        "from tasks.report.statistics.summary import ReportParams\n"
        "from tasks.report.publish.write_reports import rebuild_reports\n"
        "rebuild_reports(Path(sys.argv[1]), ReportParams())\n"
        "print(sorted({'tensorflow', 'torch', 'keras', 'ptychi', 'prefect'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", script, str(page_hub)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
