"""What a measured run says first: deviance with its interval, resolution, and who is no better."""

import numpy as np
import pytest
from scipy.stats import t as student

from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.files.metrics_table import AGAINST_REFERENCE, MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import DIGEST, METRICS_SUMMARY
from tasks.report.page.conclusion import conclusion_of
from tasks.report.publish.write_reports import rebuild_numbers
from tasks.report.statistics.evidence import read_evidence
from tasks.report.statistics.summary import ReportParams
from tasks.report.texts.evidence import SECOND, evidence_lines
from tasks.report.texts.highlights import terminal_block

FOLDER = "analysis/dose_1000/{place}measured/test"
BLOCKS = {
    "PtychoPINN": [1.21, 1.22, 1.19, 1.20, 1.22, 1.20, 1.21, 1.22, None],
    "PtyChi": [1.20, 1.21, 1.18, 1.19, 1.20, 1.19, 1.20, 1.21, None],
    "Flat": [2.0, 2.1, 2.0, 2.1, 2.0, 2.1, 2.0, 2.1, 2.0],
}
RESOLUTIONS = {
    "PtychoPINN": {"half_period_px": 2.29, "half_period_nm": 22.9, "reason": None},
    "PtyChi": {"half_period_px": None, "half_period_nm": None, "reason": "not crossed"},
}


def rows_of(deviances, mae):
    rows = []
    for model, deviance in deviances.items():
        rows += [
            MetricRow(model, "heldout_deviance_per_px", value=deviance),
            MetricRow(model, "mae", mae.get(model), mae.get(model)),
            MetricRow(model, AGAINST_REFERENCE, value=1.0),
        ]
    return rows


@pytest.fixture
def measured_hub(tmp_path):
    """Make the hub of a measured scan; a deviance and a distance may be others."""

    def make(deviances=None, mae=None, further=(), **record):
        hub = tmp_path / "hub"
        usual = {"PtychoPINN": 1.209, "PtyChi": 1.198, "Flat": 2.05}
        distances = {"PtychoPINN": 0.03, "Flat": 0.2} | (mae or {})
        seeds = [usual | (deviances or {}), *further]
        for number, found in enumerate(seeds, start=1):
            place = "" if number == 1 else f"replicate_{number}/"
            folder = hub / FOLDER.format(place=place)
            write_metrics_csv(folder / "comparison_metrics.csv", rows_of(found, distances))
            write_json(folder / "comparison.json", comparison_json(record))
        rebuild_numbers(hub, ReportParams(arms=("PtychoPINN", "PtyChi")))
        return hub

    return make


def comparison_json(changes):
    return {
        "models": ["PtychoPINN", "PtyChi", "Flat"],
        "missing_arms": [],
        "params": {},
        "measured_against": "reference",
        "region": {"sha256": "0" * 64, "n_scored_px": 9, "scored_fraction": 0.5},
        "data_range": {"amplitude": 1.0, "phase_rad": 1.0},
        "gauge": {},
        "flags": {},
        "undefined": {},
        "resolution": {"criterion": "halves at 1 / 7", "models": RESOLUTIONS},
        "held_out": {"n_blocks": 9, "deviance_per_px": BLOCKS},
    } | changes


def lines_of(hub):
    return evidence_lines(hub, read_json(hub / METRICS_SUMMARY))


def test_deviances_come_first_with_their_intervals_and_the_difference_block_by_block(measured_hub):
    first = lines_of(measured_hub())[0]
    own, other = (np.array(BLOCKS[arm][:8]) for arm in ("PtychoPINN", "PtyChi"))
    factor = student.ppf(0.975, 7) / np.sqrt(8)
    of_best = factor * other.std(ddof=1)
    wide = factor * (own - other).std(ddof=1)
    assert first.startswith("Held-out deviance per pixel, lower is better: PtyChi 1.198")
    assert f"PtyChi 1.1980 ± {of_best:.4f}; PtychoPINN 1.2090 ±" in first
    assert f"(+0.0110 over PtyChi, interval +{0.011 - wide:.4f} to +{0.011 + wide:.4f})" in first
    assert first.endswith("the flat image 2.050.")


def test_resolution_follows_and_what_the_intervals_mean(measured_hub):
    found = lines_of(measured_hub())
    assert "PtychoPINN 2.29 px (22.9 nm); PtyChi none (not crossed)" in found[1]
    assert "over 8 blocks of the test patterns" in found[2]
    assert len(found) == 3


def test_over_seeds_the_intervals_are_over_seeds(measured_hub):
    more = [{"PtychoPINN": 1.229, "PtyChi": 1.203}, {"PtychoPINN": 1.219, "PtyChi": 1.205}]
    hub = measured_hub(further=more)
    found = lines_of(hub)
    assert found[0].startswith("Held-out deviance per pixel, lower is better: PtyChi 1.2020 ±")
    assert any("over 3 seeds" in line for line in found)
    # What not every comparison has is no mean over the same ones.
    assert "flat image" not in found[0]
    evidence = read_evidence(hub, read_json(hub / METRICS_SUMMARY))
    pairs = [0.011, 0.026, 0.014]
    wide = student.ppf(0.975, 2) * np.std(pairs, ddof=1) / np.sqrt(3)
    assert evidence.interval("PtychoPINN", "PtyChi").half_width == pytest.approx(wide)


def test_an_arm_that_is_no_better_than_the_flat_image_comes_before_every_number(measured_hub):
    hub = measured_hub({"PtychoPINN": 2.25})
    found = lines_of(hub)
    assert found[0] == (
        "PtychoPINN does not beat the flat image in held-out deviance (2.250, the flat image "
        "2.050)."
    )
    assert found[1].startswith("Held-out deviance")
    assert not any("does not beat" in line for line in found[1:])


def test_a_distance_that_the_flat_image_also_has_is_told_first_too(measured_hub):
    found = lines_of(measured_hub(mae={"PtychoPINN": 0.25}))
    assert found[0] == "PtychoPINN does not beat the flat image in amplitude mae, phase mae."


def test_page_digest_and_terminal_begin_with_the_evidence(measured_hub):
    hub = measured_hub({"PtychoPINN": 2.25})
    found = lines_of(hub)
    summary = read_json(hub / METRICS_SUMMARY)
    delta = read_json(hub / "analysis/metrics_delta_summary.json")
    block = terminal_block(delta, found)
    assert block[: len(found) + 2] == [*found, f"{SECOND}.", "Deltas over the test split"]
    page = conclusion_of(summary, delta, found)
    assert page.headline == found[0]
    assert page.against[: len(found) - 1] == tuple(found[1:])
    assert page.against[len(found) - 1].startswith(f"{SECOND}. At 1000 photons")
    digest = [line for line in (hub / DIGEST).read_text().splitlines() if line]
    assert digest[1 : len(found) + 2] == [*found, f"{SECOND}."]


def test_the_scan_that_would_do_is_told(measured_hub):
    needed = "MS-SSIM needs 176 px a side"
    assert lines_of(measured_hub(needed_scan=needed))[-1] == f"{needed}."


def test_without_a_deviance_the_reason_is_told(measured_hub):
    undefined = {"PtyChi": {"heldout_deviance_per_px": "the halves do not overlap"}}
    nothing = {"PtychoPINN": None, "PtyChi": None, "Flat": None}
    found = lines_of(measured_hub(nothing, undefined=undefined))
    assert found[0] == "There is no held-out deviance: the halves do not overlap."
    assert not any("interval" in line for line in found)


def test_of_an_older_hub_deviances_have_no_interval(measured_hub):
    found = lines_of(measured_hub(held_out=None))
    assert "PtyChi 1.1980; PtychoPINN 1.2090 (+0.0110 over PtyChi); the flat" in found[0]
    assert not any("t intervals" in line for line in found)


def test_a_simulated_hub_begins_as_it_did(report_hub):
    hub = report_hub("hub")
    assert lines_of(hub) == []
    delta = read_json(hub / "analysis/metrics_delta_summary.json")
    assert terminal_block(delta, lines_of(hub)) == terminal_block(delta)
    assert SECOND not in (hub / DIGEST).read_text()


def test_a_damaged_comparison_is_named(measured_hub):
    hub = measured_hub()
    write_text(hub / FOLDER.format(place="") / "comparison.json", "{}")
    with pytest.raises(ValueError, match=r"comparison\.json"):
        lines_of(hub)
