"""The reports of a whole run, read as a colleague reads them."""

import shutil

import pytest

from tasks.core.files.atomic_files import read_json

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def test_analyze_dense_metrics_success_digest(smoke_run):
    hub = smoke_run.hub
    digest = (hub / "analysis/metrics_digest.md").read_text(encoding="utf-8")
    highlights = (hub / "analysis/metrics_delta_highlights.txt").read_text(encoding="utf-8")
    means = read_json(hub / "analysis/metrics_summary.json")["aggregate_metrics"]
    assert digest.startswith("# Phase G digest")
    assert "2 of 2 comparisons, 0 failed." in digest
    assert "10000 photons per pattern, dense view, test split" in digest
    assert highlights.rstrip() in digest
    assert len(highlights.splitlines()) == 4
    for model in ("PtychoPINN", "Baseline", "PtyChi"):
        amplitude = means[model]["ms_ssim"]["mean_amplitude"]
        assert f"| {model} | {amplitude:.3f} |" in digest
    assert digest.rstrip().endswith("ALL COMPARISONS SUCCESSFUL: 2 of 2")
    assert "FAILURES PRESENT" not in digest


def test_analyze_dense_metrics_flags_failures(smoke_run, phase_g, tmp_path):
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    arm = hub / "data/phase_f/dose_10000/dense/test/ptychi.h5"
    arm.unlink()
    arm.mkdir()
    failed = phase_g(hub)
    assert failed.returncode == 1
    assert "analysis/report.html for what there is" in failed.stderr
    word = "FAILURES PRESENT: 0 of 2 comparisons failed, 1 without PtyChi, the last run was stopped"
    digest = (hub / "analysis/metrics_digest.md").read_text(encoding="utf-8")
    assert digest.rstrip().endswith(word)
    page = (hub / "analysis/report.html").read_text(encoding="utf-8")
    banner = page[page.index('class="banner"') : page.index('class="answer"')]
    assert "stopped in iterate-ptychi.dose_10000.dense.test by IsADirectoryError" in banner
    assert "PtyChi is missing in dose_10000/dense/test." in banner
    deltas = read_json(hub / "analysis/metrics_delta_summary.json")["deltas"]
    before = read_json(smoke_run.hub / "analysis/metrics_delta_summary.json")["deltas"]
    assert deltas["vs_Baseline"]["mae"] == pytest.approx(before["vs_Baseline"]["mae"])
    assert deltas["vs_PtyChi"]["mae"] == {"amplitude": None, "phase": None}
    assert not read_json(hub / "analysis/verification_report.json")["all_valid"]
    assert phase_g(hub, "--report-only").returncode == 1

    arm.rmdir()
    assert phase_g(hub).returncode == 0
    assert read_json(hub / "analysis/metrics_delta_summary.json")["deltas"] == before


def test_report_only_makes_the_same_reports_again(smoke_run, phase_g, tmp_path):
    hub = tmp_path / "hub"
    shutil.copytree(smoke_run.hub, hub)
    names = ["metrics_summary.json", "metrics_summary.md", "metrics_delta_highlights.txt"]
    names += ["metrics_delta_highlights_preview.txt", "comparison_manifest.json"]
    names += ["metrics_delta_summary.pretty.json", "aggregate_report.md", "ssim_grid_summary.md"]
    names += ["aggregate_highlights.txt", "../summary/summary.md", "../ro-crate-metadata.json"]
    names += ["report.html", "deltas.png"]
    for name in names:
        (hub / "analysis" / name).unlink()
    again = phase_g(hub, "--report-only")
    assert again.returncode == 0
    for name in names:
        content = (hub / "analysis" / name).read_bytes()
        assert content == (smoke_run.hub / "analysis" / name).read_bytes(), name
    block = [line for line in smoke_run.stdout.splitlines() if "Δ" in line]
    assert block == [line for line in again.stdout.splitlines() if "Δ" in line]


def test_figures_show_something(smoke_run):
    import numpy as np
    from PIL import Image

    for split in ("train", "test"):
        path = smoke_run.hub / f"analysis/dose_10000/dense/{split}/comparison_plot.png"
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L"))
        assert min(pixels.shape) > 600
        assert pixels.std() > 20
