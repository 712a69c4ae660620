import re

import pytest

from tasks.catalogue.headline import OTHERS
from tasks.catalogue.quality_flags import disagreements, flags_of, table_of
from tasks.core.files.metrics_table import MetricRow

BASELINE, PTYCHI = OTHERS
GOOD = {
    ("PtyChi", "ms_ssim"): (0.9, 0.8, None),
    ("PtyChi", "mae"): (0.03, 0.05, None),
    ("PtyChi", "gauge_at_bound"): (None, None, 0.0),
    ("PtyChi", "gauge_shift_determined"): (None, None, 1.0),
    ("PtyChi", "coverage_fraction"): (None, None, 0.97),
    ("PtyChi", "doubling_gain"): (None, None, 0.03),
    ("Flat", "ms_ssim"): (0.05, 0.06, None),
    ("Flat", "mae"): (0.1, 0.4, None),
}


def table(**changes):
    values = GOOD | {("PtyChi", metric): cells for metric, cells in changes.items()}
    return table_of(MetricRow(*names, *cells) for names, cells in values.items())


def test_a_sound_table_has_no_flag():
    assert flags_of("PtyChi", table()) == []
    assert flags_of("PtyChi", {}) == []


@pytest.mark.parametrize(
    ("metric", "cells", "text"),
    [
        ("gauge_at_bound", (None, None, 1.0), "at its bound"),
        ("gauge_shift_determined", (None, None, 0.0), "not determined"),
        ("coverage_fraction", (None, None, 0.94), "holds 94.0% of the region, under 95%"),
        ("doubling_gain", (None, None, 0.2), "had not converged: .* by about 20%"),
        ("ms_ssim", (0.05, 0.8, None), "beat the flat image in amplitude ms_ssim"),
        ("ms_ssim", (0.9, 0.01, None), "beat the flat image in phase ms_ssim"),
        ("trained_dose_ratio", (None, None, 10.0), "trained at 10 times this dose"),
        ("trained_probe_likeness", (None, None, 0.97), "a probe that is alike by 0.970"),
        ("trained_other_view", (None, None, 1.0), "trained on another view"),
        ("trained_other_sample", (None, None, 1.0), "trained on another kind of sample"),
    ],
)
def test_each_fault_has_its_flag_and_no_other(metric, cells, text):
    found = flags_of("PtyChi", table(**{metric: cells}))
    assert len(found) == 1
    assert re.search(text, found[0])


def test_a_network_of_another_hub_that_was_trained_for_just_this_has_no_flag():
    same = {
        "trained_dose_ratio": (None, None, 1.0),
        "trained_probe_likeness": (None, None, 1.0),
        "trained_other_view": (None, None, 0.0),
        "trained_other_sample": (None, None, 0.0),
    }
    assert flags_of("PtyChi", table(**same)) == []


def test_without_ms_ssim_the_flat_image_is_compared_by_the_mean_error():
    found = flags_of("PtyChi", table(ms_ssim=(None, None, None), mae=(0.2, 0.1, None)))
    assert found == ["does not beat the flat image in amplitude mae"]


def test_a_refined_arm_need_not_converge():
    rows = table(doubling_gain=(None, None, 0.2))
    refined = {("PtychoPINN-refined", name): row for (_, name), row in rows.items()}
    assert flags_of("PtychoPINN-refined", refined) == []


def pair(own, other):
    return table_of(
        MetricRow(model, metric, *cells)
        for model, scores in (("PtychoPINN", own), ("Baseline", other))
        for metric, cells in scores.items()
    )


def test_metrics_that_disagree_name_the_part_and_whom_each_speaks_for():
    rows = pair(
        {"ms_ssim": (0.9, 0.8), "mae": (0.04, 0.05)},
        {"ms_ssim": (0.8, 0.7), "mae": (0.03, 0.06)},
    )
    (text,) = disagreements(rows, BASELINE)
    assert text == (
        "MS-SSIM and MAE disagree in amplitude: MS-SSIM speaks for PtychoPINN, MAE against it"
    )
    assert disagreements(rows, PTYCHI) == []


def test_equal_scores_do_not_disagree():
    same = {"ms_ssim": (0.9, 0.8), "mae": (0.04, 0.05)}
    assert disagreements(pair(same, same), BASELINE) == []
