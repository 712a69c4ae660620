import numpy as np
import pytest
from scipy import stats

from tasks.core.files.atomic_files import write_text
from tasks.core.files.metrics_table import BlockRow, MetricRow, write_blocks, write_metrics_csv
from tasks.core.study.hub_layout import METRICS_SUMMARY
from tasks.report.publish.write_reports import rebuild_numbers
from tasks.report.statistics.summary import ReportParams
from tasks.report.texts.highlights import terminal_block

MEANS = {
    ("PtychoPINN", "mae"): (0.030, 0.070),
    ("Baseline", "mae"): (0.035, 0.075),
    ("PtyChi", "mae"): (0.025, 0.050),
    ("PtychoPINN", "ms_ssim"): (0.90, 0.85),
    ("Baseline", "ms_ssim"): (0.89, 0.86),
    ("PtyChi", "ms_ssim"): (0.95, 0.95),
}


def values_of(rng, n_blocks=9):
    """Return pseudo-values of all arms, around their metrics, shape (n_blocks, 2)."""
    shared = rng.normal(0, 0.01, (n_blocks, 1))
    return {
        name: np.array(means) + shared + rng.normal(0, 0.002, (n_blocks, 2))
        for name, means in MEANS.items()
    }


def put(hub, values, view="dense", split="test", blocks=True):
    """Write a table whose metrics are the means of the pseudo-values, and these beside it."""
    folder = hub / f"analysis/dose_1000/{view}/{split}"
    write_metrics_csv(
        folder / "comparison_metrics.csv",
        [MetricRow(*name, *pairs.mean(axis=0).tolist()) for name, pairs in values.items()],
    )
    if blocks:
        write_blocks(
            folder / "block_metrics.csv",
            [
                BlockRow(*name, number, *pair)
                for name, pairs in values.items()
                for number, pair in enumerate(pairs.tolist())
            ],
        )


def phase_mae(delta, rival="Baseline"):
    return delta["intervals"][f"vs_{rival}"]["mae"]["phase"]


def differences(values, rival="Baseline"):
    return (values["PtychoPINN", "mae"] - values[rival, "mae"])[:, 1]


def test_one_replicate_has_the_t_interval_over_its_blocks(tmp_path, rng):
    values = values_of(rng)
    put(tmp_path, values)
    delta = rebuild_numbers(tmp_path, ReportParams()).delta
    found = phase_mae(delta)
    reference = stats.ttest_1samp(differences(values), 0)
    low, high = reference.confidence_interval(0.95)
    assert (found["kind"], found["n"], delta["n_replicates"]) == ("spatial", 9, 1)
    assert found["estimate"] == delta["deltas"]["vs_Baseline"]["mae"]["phase"]
    assert found["low"] == pytest.approx(low, abs=1e-9)
    assert found["high"] == pytest.approx(high, abs=1e-9)
    assert found["p_value"] == pytest.approx(reference.pvalue, rel=1e-6)
    assert found["verdict"] == "better"
    assert phase_mae(delta, "PtyChi")["verdict"] == "worse"


def test_views_of_one_object_are_averaged_block_by_block(tmp_path, rng):
    dense, sparse = values_of(rng), values_of(rng)
    put(tmp_path, dense)
    put(tmp_path, sparse, view="sparse")
    found = phase_mae(rebuild_numbers(tmp_path, ReportParams()).delta)
    mean = (differences(dense) + differences(sparse)) / 2
    low, high = stats.ttest_1samp(mean, 0).confidence_interval(0.95)
    assert found["n"] == 9
    assert found["low"] == pytest.approx(low, abs=1e-9)
    assert found["high"] == pytest.approx(high, abs=1e-9)


def test_splits_have_objects_of_their_own(tmp_path, rng):
    test, train = values_of(rng), values_of(rng)
    put(tmp_path, test)
    put(tmp_path, train, split="train")
    found = phase_mae(rebuild_numbers(tmp_path, ReportParams(aggregate_split=None)).delta)
    # Half the difference of independent means, one of them negated: Welch's test.
    reference = stats.ttest_ind(differences(test), -differences(train), equal_var=False)
    low, high = reference.confidence_interval(0.95)
    assert found["n"] == 18
    assert found["low"] == pytest.approx(low / 2, abs=1e-9)
    assert found["high"] == pytest.approx(high / 2, abs=1e-9)


def test_without_blocks_the_reason_names_the_comparison(tmp_path, rng):
    put(tmp_path, values_of(rng))
    put(tmp_path, values_of(rng), view="sparse", blocks=False)
    publication = rebuild_numbers(tmp_path, ReportParams())
    found = phase_mae(publication.delta)
    reason = "one replicate alone, and dose_1000/sparse/test has no table of blocks"
    assert (found["reason"], found["kind"], found["verdict"]) == (reason, None, None)
    assert f"All deltas: {reason}." in publication.digest
    assert terminal_block(publication.delta)[5:] == [f"No 95 % intervals: {reason}"]


def test_blocks_without_a_metric_give_the_others_alone(tmp_path, rng):
    values = values_of(rng)
    put(tmp_path, values)
    path = tmp_path / "analysis/dose_1000/dense/test/block_metrics.csv"
    kept = [line for line in path.read_text().splitlines() if "PtyChi,ms_ssim" not in line]
    write_text(path, "\n".join(kept) + "\n")
    intervals = rebuild_numbers(tmp_path, ReportParams()).delta["intervals"]
    missing = intervals["vs_PtyChi"]["ms_ssim"]["phase"]
    assert "the blocks of dose_1000/dense/test have no ms_ssim" in missing["reason"]
    assert intervals["vs_Baseline"]["ms_ssim"]["phase"]["half_width"] > 0


def test_a_block_without_a_value_gives_no_interval(tmp_path, rng):
    put(tmp_path, values_of(rng))
    path = tmp_path / "analysis/dose_1000/dense/test/block_metrics.csv"
    lines = path.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("Baseline,mae,4"))
    lines[place] = "Baseline,mae,4,,"
    write_text(path, "\n".join(lines) + "\n")
    found = phase_mae(rebuild_numbers(tmp_path, ReportParams()).delta)
    assert "a block of dose_1000/dense/test has no mae" in found["reason"]


def test_images_with_other_numbers_of_blocks_are_not_mixed(tmp_path, rng):
    put(tmp_path, values_of(rng))
    put(tmp_path, values_of(rng, n_blocks=4), view="sparse")
    found = phase_mae(rebuild_numbers(tmp_path, ReportParams()).delta)
    assert "its test images differ in blocks" in found["reason"]


def test_a_damaged_table_of_blocks_is_refused_before_anything_is_written(tmp_path, rng):
    put(tmp_path, values_of(rng))
    path = tmp_path / "analysis/dose_1000/dense/test/block_metrics.csv"
    write_text(path, path.read_text().rpartition(",")[0])
    with pytest.raises(ValueError, match=r"block_metrics\.csv.*run the comparison again"):
        rebuild_numbers(tmp_path, ReportParams())
    assert not (tmp_path / METRICS_SUMMARY).exists()


def test_equal_arms_are_inconclusive_and_have_no_interval(tmp_path, rng):
    values = values_of(rng)
    for metric in ("mae", "ms_ssim"):
        values["Baseline", metric] = values["PtychoPINN", metric]
    put(tmp_path, values)
    found = phase_mae(rebuild_numbers(tmp_path, ReportParams()).delta)
    assert (found["half_width"], found["p_holm"], found["verdict"]) == (None, 1.0, "inconclusive")
    assert found["reason"] == "the arms are equal in all 9 pairs"


def test_swapping_the_arms_negates_the_interval_and_flips_the_verdict(tmp_path, rng):
    values = values_of(rng)
    names = {"PtychoPINN": "Baseline", "Baseline": "PtychoPINN", "PtyChi": "PtyChi"}
    put(tmp_path / "forth", values)
    put(tmp_path / "back", {(names[model], m): pairs for (model, m), pairs in values.items()})
    forth, back = (
        phase_mae(rebuild_numbers(tmp_path / name, ReportParams()).delta)
        for name in ("forth", "back")
    )
    assert (back["low"], back["high"]) == (-forth["high"], -forth["low"])
    assert back["p_value"] == forth["p_value"]
    assert (forth["verdict"], back["verdict"]) == ("better", "worse")


def test_the_texts_say_spatial(tmp_path, rng):
    put(tmp_path, values_of(rng))
    publication = rebuild_numbers(tmp_path, ReportParams())
    assert (
        "Intervals are spatial, 95 % t intervals over 9 blocks of the image" in publication.digest
    )
    block = terminal_block(publication.delta)
    assert block[5] == "95 % intervals over 9 blocks of the image (spatial), verdicts after Holm"
    assert max(map(len, block)) <= 100
