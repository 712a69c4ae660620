"""Reports of a run that has chosen its arms: the headline or why there is none, deltas, texts."""

import pytest

from tasks.core.files.atomic_files import read_json
from tasks.core.study import hub_layout
from tasks.report.condition_map.map_text import map_lines
from tasks.report.history.history import history_lines, read_history
from tasks.report.publish.artifacts import delta_table
from tasks.report.publish.write_reports import rebuild_reports
from tasks.report.records.comparison_files import MetricsSummary
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.map_files import ConditionMap
from tasks.report.statistics.summary import ReportParams
from tasks.report.statistics.told import told_deltas
from tasks.report.texts.highlights import terminal_block

NULL = {metric: {"amplitude": None, "phase": None} for metric in ("ms_ssim", "mae")}
TEXTS = (
    *(hub_layout.DIGEST, hub_layout.AGGREGATE_REPORT, hub_layout.AGGREGATE_HIGHLIGHTS),
    *(hub_layout.SSIM_GRID, hub_layout.SUMMARY_TEXT),
)
SUBSETS = [
    ("PtyChi",),
    ("PtychoPINN",),
    ("Baseline", "PtyChi"),
    ("PtyChi", "Baseline"),
    ("PtychoPINN", "PtyChi"),
]


@pytest.fixture
def published(report_hub):
    """Make the reports of a hub of some arms alone, and return it with what they say."""

    def make(*arms, blocks=True):
        hub = report_hub("hub", arms=arms, blocks=blocks)
        return hub, rebuild_reports(hub, ReportParams(arms=arms))

    return make


@pytest.mark.parametrize("arms", SUBSETS)
def test_every_report_holds_and_nothing_is_missing(published, arms):
    hub, publication = published(*arms)
    assert publication.summary["flags"] == []
    assert publication.summary["incomplete"] == []
    MetricsSummary.model_validate(read_json(hub / hub_layout.METRICS_SUMMARY))
    DeltaSummary.model_validate(read_json(hub / hub_layout.DELTA_SUMMARY))
    absent = {"PtychoPINN", "Baseline", "PtyChi"} - set(arms)
    for name in TEXTS:
        text = (hub / name).read_text(encoding="utf-8")
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        assert not [row for row in rows for arm in absent if f"| {arm} " in row], name
    assert "Partial report" not in (hub / hub_layout.REPORT_PAGE).read_text(encoding="utf-8")
    assert (hub / hub_layout.DELTA_PLOT).is_file()
    assert terminal_block(publication.delta)
    assert delta_table(publication.delta) or len(arms) == 1
    assert history_lines(read_history([hub]))


@pytest.mark.parametrize(
    ("arms", "why"),
    [
        (("PtyChi",), "PtychoPINN is not among the arms of the run (PtyChi)"),
        (("Baseline", "PtyChi"), "PtychoPINN is not among the arms of the run (Baseline, PtyChi)"),
        (("PtychoPINN",), "neither Baseline nor PtyChi is among the arms of the run (PtychoPINN)"),
    ],
)
def test_without_a_headline_it_is_null_and_one_line_says_why(published, arms, why):
    hub, publication = published(*arms)
    assert publication.delta["deltas"] == {"vs_Baseline": NULL, "vs_PtyChi": NULL}
    reason = f"No headline: it is PtychoPINN minus Baseline and PtyChi, and {why}"
    assert publication.delta["headline_reason"] == reason
    for name in (hub_layout.HIGHLIGHTS, hub_layout.PREVIEW):
        assert (hub / name).read_text(encoding="utf-8") == f"{reason}.\n"
    assert f"{reason}." in (hub / hub_layout.REPORT_PAGE).read_text(encoding="utf-8")
    assert f"{reason}." in publication.digest


def test_with_one_of_the_two_others_the_four_lines_stay(published):
    hub, publication = published("PtychoPINN", "PtyChi")
    assert publication.delta["headline_reason"] is None
    assert publication.delta["subject"] == "PtychoPINN"
    assert "of_subject" not in publication.delta
    lines = (hub / hub_layout.HIGHLIGHTS).read_text(encoding="utf-8").splitlines()
    assert [("n/a" in line) for line in lines] == [True, False, True, False]
    assert set(told_deltas(publication.delta)["deltas"]) == {"vs_PtyChi"}


def test_the_first_arm_is_the_subject_where_ptychopinn_is_not_run(published):
    hub, publication = published("PtyChi", "Baseline")
    delta, means = publication.delta, publication.summary["aggregate_metrics"]
    assert delta["subject"] == "PtyChi"
    found = delta["of_subject"]
    assert set(found["deltas"]) == {"vs_Baseline"}
    for metric in ("ms_ssim", "mae"):
        for part in ("amplitude", "phase"):
            own, other = (means[arm][metric][f"mean_{part}"] for arm in ("PtyChi", "Baseline"))
            assert found["deltas"]["vs_Baseline"][metric][part] == own - other
            assert found["intervals"]["vs_Baseline"][metric][part]["verdict"] == "better"
    assert {entry["family"] for entry in found["comparisons"]} >= {"headline"}
    assert any("MS-SSIM Δ (PtyChi - Baseline)" in line for line in terminal_block(delta))
    page = (hub / hub_layout.REPORT_PAGE).read_text(encoding="utf-8")
    assert "Deltas: PtyChi minus the other arm" in page
    assert "Against Baseline, PtyChi is better in all 4" in page


def test_deltas_of_two_subjects_are_opposite(report_hub):
    values = []
    for arms in (("PtyChi", "Baseline"), ("Baseline", "PtyChi")):
        hub = report_hub("-".join(arms), arms=("Baseline", "PtyChi"))
        delta = rebuild_reports(hub, ReportParams(arms=arms)).delta
        values.append(delta["of_subject"]["deltas"][f"vs_{arms[1]}"]["mae"])
    assert values[0] == {part: -value for part, value in values[1].items()}


def test_an_arm_that_was_asked_for_and_is_not_there_is_missing(report_hub):
    hub = report_hub("hub", arms=("PtyChi",))
    publication = rebuild_reports(hub, ReportParams(arms=("Baseline", "PtyChi")))
    assert publication.summary["incomplete"] == [
        {"job": "dose_1000/dense/test", "missing": ["Baseline"]}
    ]


def test_the_map_of_many_doses_holds_without_a_headline(report_hub):
    for dose in (1000, 10000):
        hub = report_hub("hub", arms=("Baseline", "PtyChi"), dose=dose)
    publication = rebuild_reports(hub, ReportParams(arms=("Baseline", "PtyChi")))
    content = read_json(hub / hub_layout.CONDITION_MAP)
    ConditionMap.model_validate(content)
    assert all(one["side"] is None for one in content["maps"])
    assert map_lines(content)
    found = publication.delta["of_subject"]["deltas_by_condition"]
    assert [set(entry["deltas"]) for entry in found] == [{"vs_PtyChi"}] * 2
    assert "Dose by dose, view by view" in (hub / hub_layout.REPORT_PAGE).read_text("utf-8")


def test_a_hub_without_a_choice_has_none_of_its_keys(report_hub):
    hub = report_hub("hub")
    added = {"arms", "subject", "headline_reason", "of_subject"}
    for name in (hub_layout.METRICS_SUMMARY, hub_layout.DELTA_SUMMARY):
        assert not added & read_json(hub / name).keys()
