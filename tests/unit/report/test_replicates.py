import pytest
from scipy import stats

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    DELTA_SUMMARY,
    DIGEST,
    HIGHLIGHTS,
    METRICS_SUMMARY,
)
from tasks.report.publish.write_reports import rebuild_numbers, write_numbers
from tasks.report.records.comparisons import find_comparisons, key_of_table
from tasks.report.statistics.summary import ReportParams
from tasks.report.texts.highlights import terminal_block

ARMS = ("PtychoPINN", "Baseline", "PtyChi")
# What a seed adds to PtychoPINN's phase MAE.
LUCK = {1: 0.0, 2: 0.002, 3: -0.001}


def table(own_phase_mae=0.07):
    rows = []
    for place, arm in enumerate(ARMS):
        phase = own_phase_mae if arm == "PtychoPINN" else 0.05 + 0.01 * place
        rows += [
            MetricRow(arm, "ms_ssim", 0.9 - 0.01 * place, 0.8 - 0.01 * place),
            MetricRow(arm, "mae", 0.03 + 0.001 * place, phase),
            MetricRow(arm, "psnr", 20.0 - place, 18.0 - place),
            MetricRow(arm, "frc_area", value=0.8 - 0.1 * place),
        ]
    return rows


def put(hub, rows, replicate=1, dose=1000, view="dense", split="test"):
    seed = "" if replicate == 1 else f"replicate_{replicate}/"
    path = hub / f"analysis/dose_{dose}/{seed}{view}/{split}/comparison_metrics.csv"
    write_metrics_csv(path, rows)
    return path


@pytest.fixture
def three_seeds(tmp_path):
    for replicate, luck in LUCK.items():
        for view, worse in (("dense", 0.0), ("sparse", 0.05)):
            put(tmp_path, table(0.07 + luck + worse), replicate, view=view)
    return tmp_path


def test_replicates_are_found_at_their_own_depth(three_seeds):
    jobs = find_comparisons(three_seeds)
    assert [job.name for job in jobs] == [
        "dose_1000/dense/test",
        "dose_1000/replicate_2/dense/test",
        "dose_1000/replicate_2/sparse/test",
        "dose_1000/replicate_3/dense/test",
        "dose_1000/replicate_3/sparse/test",
        "dose_1000/sparse/test",
    ]
    assert [job.key.replicate for job in jobs] == [1, 2, 2, 3, 3, 1]


@pytest.mark.parametrize("folder", ["replicate_1", "replicate_0", "replicate_02", "seed_2"])
def test_a_folder_that_is_no_later_replicate_is_refused(folder):
    with pytest.raises(ValueError, match=r"replicate_<n> below the dose from the second"):
        key_of_table(f"analysis/dose_1000/{folder}/dense/test/comparison_metrics.csv")


def test_a_planned_replicate_that_is_not_there_has_failed(three_seeds, put_plan):
    planned = "analysis/dose_1000/replicate_4/dense/test/comparison_metrics.csv"
    put_plan(three_seeds, {"metrics": planned})
    summary = rebuild_numbers(three_seeds, ReportParams()).summary
    assert summary["failed"] == ["dose_1000/replicate_4/dense/test"]


def test_the_aggregate_is_over_all_replicates(three_seeds):
    summary = rebuild_numbers(three_seeds, ReportParams()).summary
    assert summary["aggregate_metrics"]["PtychoPINN"]["mae"]["mean_phase"] == pytest.approx(
        0.07 + sum(LUCK.values()) / 3 + 0.025
    )
    assert sorted(job["replicate"] for job in summary["jobs"]) == [1, 1, 2, 2, 3, 3]
    manifest = read_json(three_seeds / COMPARISON_MANIFEST)["comparisons"]
    assert sorted(entry["replicate"] for entry in manifest) == [1, 1, 2, 2, 3, 3]


def test_the_interval_is_over_seeds_and_their_mean_over_conditions(three_seeds):
    delta = rebuild_numbers(three_seeds, ReportParams()).delta
    found = delta["intervals"]["vs_Baseline"]["mae"]["phase"]
    own = [0.07 + luck + 0.025 for luck in LUCK.values()]
    reference = stats.ttest_rel(own, [0.06] * 3)
    low, high = reference.confidence_interval(0.95)
    assert (found["kind"], found["n"], delta["n_replicates"]) == ("seeds", 3, 3)
    assert found["estimate"] == pytest.approx(delta["deltas"]["vs_Baseline"]["mae"]["phase"])
    assert found["low"] == pytest.approx(low)
    assert found["high"] == pytest.approx(high)
    assert found["p_value"] == pytest.approx(reference.pvalue)
    assert found["reason"] is None


def test_conditions_that_a_replicate_lacks_are_left_out_and_named(three_seeds):
    put(three_seeds, table(0.5), dose=10000)
    delta = rebuild_numbers(three_seeds, ReportParams()).delta
    found = delta["intervals"]["vs_Baseline"]["mae"]["phase"]
    assert found["reason"] == "over 2 of 3 conditions, those of every replicate"
    assert found["estimate"] < 0.05 < delta["deltas"]["vs_Baseline"]["mae"]["phase"]


def test_replicates_without_a_common_condition_have_no_interval(tmp_path):
    put(tmp_path, table(), 1, view="dense")
    put(tmp_path, table(), 2, view="sparse")
    delta = rebuild_numbers(tmp_path, ReportParams()).delta
    found = delta["intervals"]["vs_PtyChi"]["ms_ssim"]["amplitude"]
    assert found["reason"] == "the replicates share no dose, view and split"
    assert (found["kind"], found["low"], found["verdict"]) == (None, None, None)


def test_a_missing_value_has_no_interval(three_seeds):
    rows = [row for row in table() if (row.model, row.metric) != ("PtyChi", "mae")]
    put(three_seeds, rows, 2)
    found = rebuild_numbers(three_seeds, ReportParams()).delta["intervals"]["vs_PtyChi"]
    assert found["mae"]["phase"]["reason"] == "a value of PtychoPINN or PtyChi is missing"
    assert found["mae"]["phase"]["p_value"] is None


def test_a_curve_that_is_not_crossed_is_said_in_the_digest_beside_its_empty_row(tmp_path):
    name = "frc_half_crossing_per_px"
    rows = [MetricRow(model, name, value=0.35) for model in ("PtychoPINN", "Baseline")]
    put(tmp_path, [*table(), *rows, MetricRow("PtyChi", name)])
    digest = rebuild_numbers(tmp_path, ReportParams()).digest
    assert "| FRC half crossing [1/px] | – | PtyChi | – | – | – | – |" in digest
    assert (
        "FRC half crossing [1/px] against PtyChi: no crossing for PtyChi, whose correlation stays "
        "above the threshold up to the Nyquist frequency"
    ) in digest


def test_differences_that_do_not_vary_have_no_verdict(three_seeds):
    delta = rebuild_numbers(three_seeds, ReportParams()).delta
    found = delta["intervals"]["vs_Baseline"]["ms_ssim"]["amplitude"]
    assert (found["half_width"], found["p_value"], found["verdict"]) == (None, None, None)
    assert "no spread to judge by" in found["reason"]


def test_other_metrics_have_their_own_family(three_seeds):
    delta = rebuild_numbers(three_seeds, ReportParams()).delta
    listed = delta["comparisons"]
    names = {(e["family"], e["metric"], e["part"]) for e in listed}
    assert ("headline", "mae", "phase") in names
    assert ("secondary", "psnr", "amplitude") in names
    assert ("secondary", "frc_area", "value") in names
    assert sum(e["family"] == "headline" for e in listed) == 8
    area = next(e for e in listed if e["metric"] == "frc_area" and e["against"] == "PtyChi")
    assert area["delta"] == pytest.approx(0.2)
    assert area["direction"] == "higher is better"


def test_intervals_have_the_shape_of_the_deltas(three_seeds):
    put(three_seeds, table(), split="train")
    delta = rebuild_numbers(three_seeds, ReportParams()).delta

    def shape(nested):
        return {
            rival: {metric: sorted(parts) for metric, parts in metrics.items()}
            for rival, metrics in nested.items()
        }

    assert shape(delta["intervals"]) == shape(delta["deltas"])
    assert delta["intervals_by_split"].keys() == delta["deltas_by_split"].keys()
    assert delta["intervals_by_split"]["test"] == delta["intervals"]
    train = delta["intervals_by_split"]["train"]["vs_Baseline"]["mae"]["phase"]
    assert "one replicate alone" in train["reason"]
    assert delta["confidence"] == 0.95


def test_the_digest_and_the_terminal_say_where_intervals_come_from(three_seeds):
    publication = rebuild_numbers(three_seeds, ReportParams())
    assert "95 % t intervals over seeds, 3 of them" in publication.digest
    assert "spatial" not in publication.digest
    assert len((three_seeds / HIGHLIGHTS).read_text(encoding="utf-8").splitlines()) == 4
    block = terminal_block(publication.delta)
    assert block[5] == "95 % intervals over 3 seeds, verdicts after Holm"
    assert block[8].startswith("MAE vs Baseline    : amplitude no interval")
    assert "phase +0.0353 ± 0.0038 worse" in block[8]
    assert max(map(len, block)) <= 100


def test_a_foreign_summary_without_replicates_is_one_replicate(three_seeds):
    rebuild_numbers(three_seeds, ReportParams())
    summary = read_json(three_seeds / METRICS_SUMMARY)
    for job in summary["jobs"]:
        del job["replicate"]
    summary["jobs"] = summary["jobs"][:1]
    write_json(three_seeds / METRICS_SUMMARY, summary)
    assert write_numbers(three_seeds, "2026-01-01T00:00:00Z").delta["n_replicates"] == 1


def test_the_reports_of_a_hub_are_the_same_made_twice(three_seeds):
    rebuild_numbers(three_seeds, ReportParams())
    names = (METRICS_SUMMARY, DELTA_SUMMARY, DIGEST, COMPARISON_MANIFEST)
    before = [(three_seeds / name).read_bytes() for name in names]
    rebuild_numbers(three_seeds, ReportParams())
    assert [(three_seeds / name).read_bytes() for name in names] == before
