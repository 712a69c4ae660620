"""The page of a measured scan: no truth anywhere, and what can be said without one."""

import numpy as np
import pytest

from tasks.core.files.atomic_files import read_json, write_json, write_npz
from tasks.core.study.hub_layout import REPORT_PAGE

JOB = "analysis/dose_1000/dense/test"
FOLDER = "data/phase_c/dose_1000"


@pytest.fixture
def measured_hub(page_hub):
    """Make the hub of a simulation one of a measured scan."""
    aligned = page_hub / JOB / "reconstructions_aligned.npz"
    with np.load(aligned) as file:
        arrays = {name: file[name] for name in file.files}
    write_npz(aligned, reference=arrays.pop("truth"), **arrays)
    arms = {
        "PtychoPINN": {"half_period_px": 2.291, "half_period_nm": 22.913, "reason": None},
        "Baseline": {"half_period_px": None, "half_period_nm": None, "reason": "not crossed"},
    }
    difference = {
        "relative_complex_difference": 0.0712,
        "amplitude_difference": 0.0312,
        "phase_difference_rad": 0.0645,
    }
    without_truth = {
        "measured_against": "reference",
        "resolution": {"criterion": "halves at 1 / 7", "object_pixel_nm": 10, "models": arms},
        "agreement": {"PtychoPINN and Baseline": difference},
    }
    comparison = read_json(page_hub / JOB / "comparison.json")
    write_json(page_hub / JOB / "comparison.json", comparison | without_truth)
    manifest = read_json(page_hub / FOLDER / "manifest.json")
    (page_hub / FOLDER / "manifest.json").unlink()
    dose = {
        "measured_photons_per_pattern": 470000.0,
        "counts_per_px": 28.7,
        "brightest_pixel_counts": 900.0,
        "saturated_fraction": 0.0012,
    }
    imported = manifest | {"facts": {"dose": dose, "object_pixel_m": 1e-8}}
    write_json(page_hub / FOLDER / "import.manifest.json", imported)
    cut = {"test": {"n_patterns": 20, "measured_photons_per_pattern": 461234.5}}
    write_json(page_hub / FOLDER / "regions.manifest.json", manifest | {"facts": cut})
    plan = read_json(page_hub / "plan/plan.json")
    measured = {"file": "star.cxi", "labels": "reference", "thin": False}
    parameters = plan["parameters"] | {"measured": measured}
    write_json(page_hub / "plan/plan.json", plan | {"parameters": parameters})
    return page_hub


def test_nothing_is_called_the_truth(measured_hub, rebuilt):
    page = rebuilt(measured_hub)
    headings = page.texts["h3"]
    assert "Reference and reconstructions" in headings
    assert "Truth" not in headings
    notes = page.texts["note"] + page.texts["figcaption"]
    assert "Agreement with the reference" in notes
    assert "the truth" not in notes
    assert not any("Truth" in alt for alt in page.values("img", "alt"))


def test_resolution_and_agreement_are_those_of_the_comparison(measured_hub, rebuilt):
    rows = rebuilt(measured_hub).rows
    assert ["PtychoPINN", "2.29", "22.91", ""] in rows
    assert any(row[0] == "Baseline" and row[-1] == "not crossed" for row in rows)
    assert ["PtychoPINN and Baseline", "0.0712", "0.0312", "0.0645"] in rows


def test_dose_and_pixel_are_what_the_import_measured(measured_hub, rebuilt):
    facts = rebuilt(measured_hub).texts["facts"]
    assert "461234.5 photons per pattern" in facts
    assert "nominal 1000" not in facts
    assert "0.12%" in facts
    assert "10.00 nm" in facts
    assert "20 of 25 exposures" in facts


def test_nothing_of_a_simulation_is_said_to_have_been_run(measured_hub, rebuilt):
    facts = rebuilt(measured_hub).texts["facts"]
    assert "star.cxi" in facts
    assert "dead leaves" not in facts
    assert "raster" not in facts


def test_a_damaged_manifest_of_the_cut_is_named(measured_hub, rebuilt):
    path = measured_hub / FOLDER / "regions.manifest.json"
    write_json(path, read_json(path) | {"facts": {}})
    rebuilt(measured_hub)
    text = (measured_hub / REPORT_PAGE).read_text(encoding="utf-8")
    assert "regions.manifest.json cannot be used" in text
