"""A hub with one comparison and all that its page can show, and a reader of that page."""

from html.parser import HTMLParser

import numpy as np
import pytest

from tasks.catalogue.scoring.frc import frc_summary, half_crossing_per_px
from tasks.core.files.atomic_files import write_json, write_npz, write_text
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.hub_layout import PLAN, REPORT_PAGE
from tasks.report.costs.cost_table import write_costs
from tasks.report.costs.costs import ArmCost
from tasks.report.publish.write_reports import rebuild_reports
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.summary import ReportParams

PAGE_JOB = "analysis/dose_1000/dense/test"
PAGE_ARMS = ("PtychoPINN", "Baseline", "PtyChi", "NoNetwork")


def write_page_job(hub, rng, job=PAGE_JOB, side_px=48):
    """Write the files of one comparison: images, table, blocks, curves of real numbers."""
    y, x = np.mgrid[:side_px, :side_px]
    truth = (0.8 + 0.2 * np.sin(x / 3 + y / 7)) * np.exp(1j * np.cos(y / 4 - x / 9))
    mask = np.zeros(truth.shape, dtype=bool)
    mask[2:-2, 3:-3] = True
    noise = [rng.normal(size=truth.shape) + 1j * rng.normal(size=truth.shape) for _ in PAGE_ARMS]
    levels = (0.05, 0.07, 0.03, 0.1)
    images = {
        arm: (truth + level * n).astype(np.complex64)
        for arm, level, n in zip(PAGE_ARMS, levels, noise, strict=True)
    }
    rectangle = np.array([2, side_px - 2, 3, side_px - 3])
    arrays = {"truth": truth.astype(np.complex64), "mask": mask, "rectangle_px": rectangle}
    write_npz(hub / job / "reconstructions_aligned.npz", **arrays, **images)
    write_page_tables(hub / job, images, (truth, mask, levels), rng)
    epochs = [f"PtyChi,{e},{0.5 / (e + 1)},0.1,0.1" for e in range(6)]
    header = "model,epoch,complex_nrmse,amplitude_mae,phase_mae"
    write_text(hub / job / "convergence.csv", "\n".join([header, *epochs]) + "\n")
    saved = {"final_complex_nrmse": 0.0812, "epochs": 17, "ptychi_epochs": None}
    comparison = {
        "models": PAGE_ARMS,
        "missing_arms": [],
        "params": {},
        "region": {"sha256": "0" * 64, "n_scored_px": int(mask.sum()), "scored_fraction": 0.8},
        "data_range": {"amplitude": 0.4, "phase_rad": 2.0},
        "gauge": {},
        "flags": {},
        "undefined": {},
        "iterations_to_quality": {"PtychoPINN-refined": saved},
    }
    write_json(hub / job / "comparison.json", comparison)


def write_page_tables(folder, images, judged_by, rng):
    """Write metrics, blocks and ring correlations of some images."""
    truth, mask, levels = judged_by
    rows, curves, blocks = [], ["model,frequency_per_px,correlation,ssnr"], []
    for place, (arm, image) in enumerate(images.items()):
        curve = frc_summary(image, truth, mask).curve
        for frequency, correlation in zip(curve.frequency_per_px, curve.correlation, strict=True):
            curves.append(f"{arm},{frequency:.6g},{correlation:.6g},")
        similarity, error = 0.9 - levels[place], levels[place]
        rows += [
            MetricRow(arm, "ms_ssim", similarity, similarity - 0.01),
            MetricRow(arm, "mae", error, 1.5 * error),
            MetricRow(arm, "frc_half_crossing_per_px", value=half_crossing_per_px(curve)),
        ]
        for metric, value in (("ms_ssim", similarity), ("mae", error)):
            spread = 0.01 * rng.normal(size=9)
            blocks += [f"{arm},{metric},{b},{value + s},{value - s}" for b, s in enumerate(spread)]
    rows += [MetricRow("Flat", "ms_ssim", 0.05, 0.06), MetricRow("Flat", "mae", 0.3, 0.5)]
    write_metrics_csv(folder / "comparison_metrics.csv", rows)
    write_text(folder / "frc_curves.csv", "\n".join(curves) + "\n")
    header = "model,metric,block,amplitude,phase"
    write_text(folder / "block_metrics.csv", "\n".join([header, *blocks]) + "\n")


def write_records(hub):
    """Write what the stages before leave behind, and return the simulation's entry in the plan."""
    dose = {
        "n_patterns": 25,
        "nominal_photons_per_pattern": 1000.0,
        "measured_photons_per_pattern": 1003.5,
        "counts_per_px": 0.245,
        "saturated_fraction": 0.0,
    }
    geometry = {"energy_ev": 8000.0, "distance_m": 2.0, "detector_pixel_m": 7.5e-5}
    record = {
        "stage": "simulate.dose_1000",
        "phase": "C",
        "cache_key": "key",
        "params": geometry | {"probe": {"n_px": 64}},
        "inputs": {},
        "outputs": {},
        "facts": {"test": dose},
        "wall_s": 1.25,
        "cpu_s": 0.75,
        "peak_memory_mib": 321.0,
        "versions": {},
    }
    manifest = "data/phase_c/dose_1000/manifest.json"
    write_json(hub / manifest, record)
    overlap = {
        "n_exposures": 25,
        "n_selected": 20,
        "overlap_ratio": 0.693,
        "nominal_overlap_ratio": 0.7,
        "step_px": 8.2,
        "probe_diameter_px": 26.9,
    }
    write_json(hub / "data/phase_d/dose_1000/dense/test/overlap_metrics.json", overlap)
    stage = {name: record[name] for name in ("stage", "phase", "params", "inputs", "cache_key")}
    stage |= {"function": "tasks.simulate.stage:simulate", "timeout_s": 60.0}
    return stage | {"manifest": manifest, "log": "cli/simulate.log", "outputs": {"m": manifest}}


def write_page_hub(hub, rng):
    """Write all that a page can show of a hub with one comparison."""
    write_page_job(hub, rng)
    stage = write_records(hub)
    history = "step,loss,learning_rate,held_out_loss\n1,0.5,0.1,\n2,0.4,0.1,0.45\n3,0.3,0.1,\n"
    write_text(hub / "data/phase_e/dose_1000/dense/ptychopinn/gs4/history.csv", history)
    losses = "epoch,loss\n1,2.5\n2,0.1\n"
    write_text(hub / "data/phase_f/dose_1000/dense/test/ptychi_history.csv", losses)
    key = ComparisonKey(1000, "dense", "test", 1)
    costs = [ArmCost(arm, key, 4.0, 3.5, 60.0, 512.0, 25, 7.5, 2.0) for arm in PAGE_ARMS]
    write_costs(hub / "analysis/arm_costs.csv", costs)
    plan = {
        "schema_version": 1,
        "written_at": "2026-11-25T01:02:03Z",
        "git": {"commit": "0123abcd", "dirty": True},
        "machine": {"system": "Linux", "architecture": "x86_64", "cores": 2, "memory_gib": 8.0},
        "versions": {"numpy": "2.4.6"},
        "parameters": {"photons_per_pattern": 1000.0, "view": "dense", "seed": 42},
    }
    write_json(hub / PLAN, plan | {"stages": [stage]})


@pytest.fixture
def page_hub(tmp_path, rng):
    """Return a hub with one comparison and all that its page can show."""
    write_page_hub(tmp_path / "hub", rng)
    return tmp_path / "hub"


@pytest.fixture(scope="session")
def finished_hub(tmp_path_factory):
    """Return such a hub with its reports, for tests that change nothing."""
    hub = tmp_path_factory.mktemp("finished") / "hub"
    write_page_hub(hub, np.random.default_rng(5))
    rebuild_reports(hub, ReportParams())
    return hub


@pytest.fixture
def add_page_job(rng):
    """Return the function that writes one more comparison into a hub."""

    def add(hub, job, side_px=48):
        write_page_job(hub, rng, job, side_px)

    return add


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


@pytest.fixture(scope="session")
def read_page():
    """Return the function that reads the page of a hub."""
    return lambda hub: Page((hub / REPORT_PAGE).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def rebuilt(read_page):
    """Return the function that makes the reports of a hub again and reads its page."""

    def rebuild(hub):
        rebuild_reports(hub, ReportParams())
        return read_page(hub)

    return rebuild


@pytest.fixture(scope="session")
def shows():
    """Return the function that tells whether a cell is a number, rounded to the digits it has."""

    def is_rounded(cell, value):
        decimals = len(cell.partition(".")[2])
        return abs(float(cell) - value) <= 0.5000001 * 10**-decimals

    return is_rounded
