"""A comparison with a reference in the truth's place: what it says, and what it refuses to say."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.catalogue.metrics import METRICS
from tasks.catalogue.own_rows import OwnRow, RowKind, know_rows
from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.placement.place import PLACEMENT
from tasks.compare.reference_object import differences
from tasks.compare.stage import SELF_COMPARISON, compare
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.metrics_table import AGAINST_REFERENCE, read_metrics_csv
from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.patches import scan_box
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.stage_record import StageFiles, silent
from tasks.report.statistics.summary import BOTH, REFERENCE, TRUTH, measured_against
from tasks.report.texts.text_tables import labelled

ARMS = ("PtychoPINN", "Baseline", "PtyChi")
NAMES = {"metrics": "t.csv", "plot": "p.png", "aligned": "a.npz", "comparison": "c.json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    rng = np.random.default_rng(8)
    positions = jittered_raster(12, 12, 6.0, 1.0, rng) + 30
    probe = 30 * defocused_zone_plate_probe(32, 0.5, 0.2, 5.0)
    counts = np.ones((len(positions), 32, 32), dtype=np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {"split": "test"})
    write_scan(folder / "scan.cxi", scan)
    indices = list(range(len(positions)))
    view = {"view": "measured", "n_exposures": len(indices), "indices": indices}
    write_json(folder / "view.json", view)
    box = scan_box(positions, 32)
    image = make_object(ObjectParams(), box.shape, rng)
    write_object(folder / "known.h5", ObjectWindow(image, box.corner_px))
    for arm, noise in zip(ARMS, (0.02, 0.05, 0.08), strict=True):
        noisy = image + noise * rng.standard_normal(image.shape)
        write_object(folder / f"{arm}.h5", ObjectWindow(noisy, box.corner_px))
    return folder


def run(folder, out, given, arms=ARMS):
    inputs = {"scan": "scan.cxi", "view": "view.json"} | {arm: f"{arm}.h5" for arm in arms}
    inputs |= dict.fromkeys(given, "known.h5")
    files = StageFiles(
        {name: folder / path for name, path in inputs.items()},
        {name: folder / out / path for name, path in NAMES.items()},
    )
    record = compare(ComparisonParams(), files, silent)
    rows = read_metrics_csv(folder / out / "t.csv")
    assert {row.metric.removeprefix("raw_") for row in rows} <= set(METRICS.entries)
    return record, {(row.model, row.metric): row for row in rows}


@pytest.fixture(scope="module")
def both(folder):
    return {name: run(folder, name, [name]) for name in ("truth", "reference")}


def test_the_networks_are_scored_as_against_a_truth(both):
    (_, truth), (_, reference) = both["truth"], both["reference"]
    for model in ("PtychoPINN", "Baseline"):
        for metric in ("mae", "ssim", "complex_nrmse", "frc_area"):
            assert truth[model, metric] == reference[model, metric]


def test_ptychi_is_not_held_against_itself_and_the_reason_is_said(both):
    record, table = both["reference"]
    for metric in ("mae", "ms_ssim", "raw_mae", "complex_nrmse", "frc_area"):
        row = table["PtyChi", metric]
        assert (row.amplitude, row.phase, row.value) == (None, None, None)
    assert record["undefined"]["PtyChi"]["mae"] == SELF_COMPARISON
    assert both["truth"][1]["PtyChi", "mae"].phase is not None


def test_every_model_says_that_no_truth_was_known(both, folder):
    record, table = both["reference"]
    models = {model for model, _ in table}
    assert all(table[model, AGAINST_REFERENCE].value == 1 for model in models)
    assert not [name for name in both["truth"][1] if name[1] == AGAINST_REFERENCE]
    assert record["measured_against"] == REFERENCE
    assert both["truth"][0]["measured_against"] == TRUTH
    with np.load(folder / "reference/a.npz") as arrays:
        assert "reference" in arrays
        assert "truth" not in arrays
    assert read_json(folder / "reference/c.json")["agreement"].keys() == {
        "PtychoPINN and Baseline",
        "PtychoPINN and PtyChi",
        "Baseline and PtyChi",
    }


def test_agreement_grows_with_what_two_arms_share(both):
    agreement = both["reference"][0]["agreement"]
    near = agreement["PtychoPINN and Baseline"]["relative_complex_difference"]
    far = agreement["Baseline and PtyChi"]["relative_complex_difference"]
    # Independent noise of .02, .05 and .08 on objects of about the same energy.
    assert far / near == pytest.approx(np.hypot(0.05, 0.08) / np.hypot(0.02, 0.05), rel=0.1)


def test_an_object_of_a_file_agrees_with_arms_too(folder, both):
    placement = {"source": "from the file", "quarter_turns": 0, "is_mirrored": False}
    placement |= {"is_conjugated": False, "scale": 1.0, "correlation": 1.0}
    window = read_object(folder / "Baseline.h5")
    write_object(folder / "Theirs.h5", replace(window, facts={PLACEMENT: placement}))
    words = {"description": "an object of a file", "colour": "#123456", "dark_colour": "#654321"}
    know_rows([OwnRow(name="Theirs", kind=RowKind.FILE, **words)])
    try:
        record, _ = run(folder, "theirs", ["reference"], ("Baseline", "PtyChi", "Theirs"))
    finally:
        know_rows([])
    found, known = record["agreement"], both["reference"][0]["agreement"]
    assert found.keys() == {"Baseline and PtyChi", "Baseline and Theirs", "PtyChi and Theirs"}
    assert found["Baseline and Theirs"]["relative_complex_difference"] < 1e-6
    # The error of one in the gauge of the other, which depends little on which is which.
    near = known["Baseline and PtyChi"]["relative_complex_difference"]
    found_near = found["PtyChi and Theirs"]["relative_complex_difference"]
    assert found_near == pytest.approx(near, rel=0.05)


@pytest.mark.parametrize("given", [[], ["truth", "reference"]])
def test_one_reference_is_needed_and_no_more(folder, given):
    with pytest.raises(ValueError, match="Name one of them as input `truth` or"):
        run(folder, "none", given)


def test_tables_tell_what_they_are_against(folder, both):
    tables = {name: read_metrics_csv(folder / name / "t.csv") for name in ("truth", "reference")}
    assert measured_against([tables["truth"]]) == TRUTH
    assert measured_against([tables["reference"]] * 2) == REFERENCE
    assert measured_against(tables.values()) == BOTH
    assert labelled(["x"], {"measured_against": TRUTH}) == ["x"]
    assert labelled(["x"], {}) == ["x"]
    assert labelled(["x"], {"measured_against": REFERENCE}) == ["x  (against the reference)"]


def test_a_full_turn_is_no_difference_and_pi_the_largest_one():
    everywhere = np.ones((2, 2), dtype=bool)
    images = [np.full((2, 2), 2 * np.exp(1j * angle)) for angle in (3.1, -3.1, 0.1)]
    relative, amplitude, phase = differences(images[0], images[1], everywhere)
    assert phase == pytest.approx(2 * np.pi - 6.2)
    assert amplitude == pytest.approx(0.0, abs=1e-12)
    assert relative == pytest.approx(2 * np.sin(np.pi - 3.1))
    assert differences(images[0], images[2], everywhere)[2] == pytest.approx(3.0)
    assert differences(-images[2], images[2], everywhere)[2] == pytest.approx(np.pi)
