"""The page of a hub: what it shows, what it says of what is missing, and that it needs nothing."""

import itertools
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from tasks.core.files import read_json, write_json
from tasks.core.hub import DELTA_SUMMARY, METRICS_SUMMARY, PLAN, REPORT_PAGE
from tasks.report.page.aligned_file import read_aligned
from tasks.report.page.hub_files import HubFiles
from tasks.report.page.write import DELTA_PLOT, SIZE_LIMIT_BYTES, write_report_html
from tasks.report.params import ReportParams
from tasks.report.publication import rebuild_reports

JOB = "analysis/dose_1000/dense/test"
VOID = {"br", "img", "input", "meta"}


class Page(HTMLParser):
    """Elements of a page, its tables and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.rows, self.texts = [], [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "td" in tags or "th" in tags:
            self.rows[-1][-1] += data
        for tag, attributes in self.open:
            name = attributes.get("class") or attributes.get("id") or tag
            self.texts[name] = self.texts.get(name, "") + data

    def values(self, tag, name):
        return [a[name] for t, a in self.elements if t == tag and name in a]


def rebuilt(hub):
    rebuild_reports(hub, ReportParams())
    return read_page(hub)


def read_page(hub):
    return Page((hub / REPORT_PAGE).read_text(encoding="utf-8"))


def shows(cell, value):
    """Tell whether a cell is a number, rounded to the digits that it has."""
    decimals = len(cell.partition(".")[2])
    return abs(float(cell) - value) <= 0.5000001 * 10**-decimals


def test_the_page_needs_nothing_but_itself(finished_hub):
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


def test_every_link_leads_to_a_file_of_the_hub_or_a_section(finished_hub):
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


def test_the_page_can_be_read_aloud(finished_hub):
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


def test_equal_hubs_give_equal_bytes_wherever_they_lie(page_hub, tmp_path):
    rebuilt(page_hub)
    first = (page_hub / REPORT_PAGE).read_bytes()
    moved = tmp_path / "elsewhere" / "moved"
    shutil.copytree(page_hub, moved)
    write_report_html(moved)
    assert (moved / REPORT_PAGE).read_bytes() == first
    assert (moved / DELTA_PLOT).read_bytes() == (page_hub / DELTA_PLOT).read_bytes()
    rebuilt(page_hub)
    assert (page_hub / REPORT_PAGE).read_bytes() == first


def test_deltas_on_the_page_are_those_of_the_summary(finished_hub):
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


def test_metrics_on_the_page_are_those_of_the_table(finished_hub):
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


def test_the_answer_names_the_winner_and_its_numbers(finished_hub):
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


def test_the_page_tells_what_was_run_and_measured(finished_hub):
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


def test_pictures_hold_the_images_on_one_scale(finished_hub):
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


MISSING = {
    PLAN: "no plan that can be shown",
    f"{JOB}/frc_curves.csv": "no ring correlation that can be shown",
    f"{JOB}/convergence.csv": "no convergence curves that can be shown",
    f"{JOB}/reconstructions_aligned.npz": "No pictures here",
    "analysis/arm_costs.csv": "no costs that can be shown",
}


@pytest.mark.parametrize("name", MISSING)
def test_what_a_hub_lacks_is_said_in_its_section(page_hub, name):
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
def test_damaged_files_are_named_at_the_top(page_hub, damage):
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
        files = HubFiles(page_hub, "analysis")
        aligned = files.read(f"{JOB}/reconstructions_aligned.npz", read_aligned)
        assert len(files.problems) == (aligned is None)
        noticed += aligned is None
        if aligned is not None:
            np.testing.assert_array_equal(aligned.truth, truth)
    assert noticed > 150


def test_a_missing_arm_is_said_before_the_answer(page_hub):
    path = page_hub / JOB / "comparison_metrics.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("PtyChi,")))
    page = rebuilt(page_hub)
    assert "PtyChi is missing in dose_1000/dense/test." in page.texts["banner"]
    assert "PtychoPINN cannot be held against PtyChi" in page.texts["answer"]
    text = (page_hub / REPORT_PAGE).read_text(encoding="utf-8")
    assert text.index("Partial report") < text.index('class="answer"')


def test_a_failed_comparison_leaves_a_page_that_says_so(page_hub):
    plan = read_json(page_hub / PLAN)
    table = f"{JOB}/comparison_metrics.csv"
    plan["stages"][0]["outputs"]["metrics"] = table
    write_json(page_hub / PLAN, plan)
    (page_hub / table).unlink()
    page = rebuilt(page_hub)
    assert "failed or is missing" in page.texts["banner"]
    assert "Outputs of these stages are missing: simulate.dose_1000." in page.texts["banner"]
    assert "No comparison succeeded" in page.texts["answer"]


def test_further_comparisons_are_folded_behind_the_test_split(page_hub, add_page_job):
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


def test_deltas_of_the_other_split_stand_beside_the_headline(page_hub, add_page_job):
    add_page_job(page_hub, "analysis/dose_1000/dense/train")
    page = rebuilt(page_hub)
    assert "Over the train split" in page.texts["deltas"]
    values = read_json(page_hub / DELTA_SUMMARY)["deltas_by_split"]["train"]
    rows = [row for row in page.rows if row[:3] == ["MAE", "phase", "PtyChi"]]
    assert len(rows) == 2
    assert shows(rows[1][3], values["vs_PtyChi"]["mae"]["phase"])


def test_names_from_a_table_are_text_and_no_markup(page_hub):
    path = page_hub / JOB / "comparison_metrics.csv"
    with path.open("a") as file:
        file.write("<script>alert(1)</script>,mae,0.1,0.2,\n")
    page = rebuilt(page_hub)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert any(row[0] == "<script>alert(1)</script>" for row in page.rows)


@pytest.mark.slow
def test_large_images_and_many_comparisons_stay_under_the_limit(page_hub, add_page_job):
    for replicate in range(2, 13):
        add_page_job(page_hub, f"analysis/dose_1000/replicate_{replicate}/dense/test", 400)
    add_page_job(page_hub, JOB, 900)
    page = rebuilt(page_hub)
    assert (page_hub / REPORT_PAGE).stat().st_size < SIZE_LIMIT_BYTES
    assert re.search(r"every \d+th pixel", page.texts["body"])
    assert "the first 6 comparisons" in page.texts["body"]


def test_bad_numbers_leave_the_old_page_as_it_was(page_hub):
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


def test_reports_load_no_framework(page_hub):
    script = (
        "import sys; from pathlib import Path\n"
        "from tasks.report.params import ReportParams\n"
        "from tasks.report.publication import rebuild_reports\n"
        "rebuild_reports(Path(sys.argv[1]), ReportParams())\n"
        "print(sorted({'tensorflow', 'torch', 'keras', 'ptychi', 'prefect'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", script, str(page_hub)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_image_that_is_not_finite_somewhere_is_still_shown(page_hub):
    path = page_hub / JOB / "reconstructions_aligned.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["Baseline"][10, 10] = np.inf
    np.savez(path, **arrays)
    assert "Partial report" not in rebuilt(page_hub).texts["body"]
