"""The page of a hub with many comparisons, and what of it is not drawn twice."""

import pytest

from tasks.core.study.hub_layout import REPORT_PAGE
from tasks.report.page.curve_charts import _frc_figure, write_frc_plot
from tasks.report.page.curve_files import Curve
from tasks.report.page.write import SIZE_LIMIT_BYTES
from tasks.report.statistics.summary import MOST_LINES, flag_list

CURVES = {"PtychoPINN": Curve([0.1, 0.2, 0.4], [1.0, 0.8, 0.1])}


def flags_of(count, text="twice the epochs would lower the error by about {n}%"):
    return [
        {"job": f"dose_{n}/dense/test", "model": "PtyChi", "flag": text.format(n=n)}
        for n in range(1, count + 1)
    ]


def test_few_flags_stand_one_by_one():
    found = flag_list(flags_of(MOST_LINES))
    assert len(found.shown) == found.total == MOST_LINES
    assert found.folded == []


def test_many_flags_stand_by_kind_with_all_of_them_folded():
    alone = {"job": "dose_1/dense/test", "model": "Baseline", "flag": "missing"}
    found = flag_list([alone, *flags_of(MOST_LINES)])
    assert found.shown == [
        f"PtyChi: twice the epochs would lower the error by about …% ({MOST_LINES} comparisons)",
        "dose_1/dense/test, Baseline: missing",
    ]
    assert found.total == len(found.folded) == MOST_LINES + 1


def test_deltas_stand_dose_by_dose_where_there_is_more_than_one(page_hub, add_page_job, rebuilt):
    title = "Dose by dose, view by view"
    assert title not in rebuilt(page_hub).texts["body"]
    add_page_job(page_hub, "analysis/dose_100000/sparse/test")
    page = rebuilt(page_hub)
    assert title in page.texts["body"]
    rows = [row for row in page.rows if row[:3] == ["100000", "sparse", "test"]]
    # Of the images that the fixture draws, Baseline has 0.02 more of error in amplitude.
    assert [len(row) for row in rows] == [12]
    assert rows[0][3] == "1"
    assert rows[0][6] == "-0.0200"


@pytest.mark.slow
def test_a_page_of_sixty_comparisons_stays_small(page_hub, add_page_job, rebuilt):
    for dose in range(10, 70):
        add_page_job(page_hub, f"analysis/dose_{dose}/dense/test", side_px=24)
    page = rebuilt(page_hub)
    assert (
        len([a for t, a in page.elements if t == "section" and "job" in a.get("class", "")]) == 61
    )
    assert (page_hub / REPORT_PAGE).stat().st_size < SIZE_LIMIT_BYTES


def changed(path):
    return path.stat().st_ino


def test_the_subject_is_drawn_over_an_equal_curve_which_shows_through():
    curve = CURVES["PtychoPINN"]
    figure = _frc_figure((5.0, 3.9), {"PtychoPINN": curve, "Baseline": curve}, {})
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    subject, other = lines["PtychoPINN"], lines["Baseline"]
    assert subject.get_zorder() > other.get_zorder()
    assert subject.is_dashed()
    assert not other.is_dashed()


def test_a_figure_that_shows_the_same_is_not_drawn_again(tmp_path):
    path = tmp_path / "frc_curves.png"
    write_frc_plot(path, CURVES, {"PtychoPINN": 0.3}, "a title")
    before, content = changed(path), path.read_bytes()
    write_frc_plot(path, CURVES, {"PtychoPINN": 0.3}, "a title")
    assert changed(path) == before
    write_frc_plot(path, CURVES, {"PtychoPINN": 0.31}, "a title")
    assert path.read_bytes() != content
    write_frc_plot(path, CURVES, {"PtychoPINN": 0.3}, "a title")
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["emptied", "truncated", "flipped", "another picture", "text"])
def test_a_damaged_figure_is_drawn_again(damage, tmp_path):
    path, other = tmp_path / "frc_curves.png", tmp_path / "other.png"
    write_frc_plot(path, CURVES, {}, "a title")
    write_frc_plot(other, CURVES, {}, "another title")
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "emptied": b"",
            "truncated": content[:middle],
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "another picture": other.read_bytes(),
            "text": b"no picture",
        }[damage]
    )
    write_frc_plot(path, CURVES, {}, "a title")
    assert path.read_bytes() == content
