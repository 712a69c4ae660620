import numpy as np
import pytest
from pydantic import ValidationError

from tasks.core.files.atomic_files import read_json, sha256_of
from tasks.core.files.object_file import ObjectWindow, object_sha256, read_object
from tasks.core.files.scan_reader import read_scan
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import patch_corners, scan_box
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.scan_patterns import ScanParams
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import silent
from tasks.simulate.exposure import DoseMeter, calibrate_probe, count_photons
from tasks.simulate.faults.fault import Reading
from tasks.simulate.fly_scan import lay_out_scans, make_probe, make_sample
from tasks.simulate.params import ProbeParams, SimulationParams
from tasks.simulate.stage import simulate
from tasks.views.exposures import select_exposures
from tasks.views.params import ViewParams
from tasks.views.stage import select_view

SMALL = SimulationParams(train_positions=(12, 12), test_positions=(12, 12), min_test_span_px=0)
OUTPUTS = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
VIEW_OUTPUTS = {
    "view": "view.json",
    "overlap": "overlap.json",
    "coverage": "coverage.npz",
    "plot": "coverage.png",
}


def test_each_scan_holds_the_nominal_photons(stage_files):
    files = stage_files(outputs=OUTPUTS)
    facts = simulate(SMALL, files, silent)
    for split in Split:
        assert facts[split.value]["measured_photons_per_pattern"] == pytest.approx(1000, rel=0.01)
    scan = read_scan(files.outputs["train"])
    assert len(scan) == 144
    assert scan.diffraction_counts.sum(axis=(1, 2)).mean() == pytest.approx(1000, rel=0.01)


def test_the_record_of_a_named_file_has_its_name_and_content_and_not_its_folder(
    stage_files, tmp_path
):
    np.save(tmp_path / "sample.npy", np.full((400, 400), 0.9 + 0.1j))
    sample = ObjectParams(kind="file", path=tmp_path / "sample.npy")
    params = SMALL.model_copy(update={"train_object": sample})
    files = stage_files(outputs=OUTPUTS)
    facts = simulate(params, files, silent)
    recorded = read_scan(files.outputs["test"]).provenance["simulation"]["train_object"]
    assert recorded["path"] == "sample.npy"
    assert recorded["file_sha256"] == sha256_of(tmp_path / "sample.npy")
    for path in files.outputs.values():
        assert str(tmp_path).encode() not in path.read_bytes()
    assert str(tmp_path) not in str(facts)


def test_the_measurement_holds_no_truth(stage_files):
    files = stage_files(outputs=OUTPUTS)
    simulate(SMALL, files, silent)
    truth = read_object(files.outputs["truth"]).object_
    for split in ("train", "test"):
        content = files.outputs[split].read_bytes()
        assert b"truth" not in content.replace(b"truth_sha256", b"").replace(b"truth_box_px", b"")
        options = content.replace(b"train_object", b"").replace(b"test_object", b"")
        assert b"object" not in options
    assert np.abs(truth).min() >= 0.5 - 1e-9
    assert np.abs(truth).max() <= 1 + 1e-9
    assert np.abs(np.angle(truth)).max() <= 1 + 1e-9


def test_each_scan_names_the_fingerprint_of_the_object_below_it(stage_files):
    files = stage_files(outputs=OUTPUTS)
    simulate(SMALL, files, silent)
    truth = read_object(files.outputs["truth"])
    for split in ("train", "test"):
        scan = read_scan(files.outputs[split])
        box = scan_box(scan.positions_px, scan.n_px)
        assert scan.provenance["truth_box_px"] == [*box.corner_px, *box.shape]
        part = ObjectWindow(truth.cut(box), box.corner_px)
        assert scan.provenance["truth_sha256"] == object_sha256(part)


def test_a_fingerprint_tells_values_and_places_apart():
    values = np.full((4, 5), 1 + 1j)
    known = object_sha256(ObjectWindow(values, (2, 3), {"seed": 1}))
    assert len(known) == 64
    assert known == object_sha256(ObjectWindow(values.astype(np.complex64), (2, 3)))
    changed = values.copy()
    changed[0, 0] += 1e-12
    others = [
        ObjectWindow(changed, (2, 3)),
        ObjectWindow(values, (3, 2)),
        ObjectWindow(values.reshape(5, 4), (2, 3)),
    ]
    assert known not in {object_sha256(other) for other in others}


def test_the_same_seed_makes_the_same_bytes_and_another_seed_does_not(stage_files):
    names = {
        run: {key: f"{run}_{file}" for key, file in OUTPUTS.items()} for run in ("a", "b", "c")
    }
    hashes = {}
    for run, seed in (("a", 42), ("b", 42), ("c", 43)):
        files = stage_files(outputs=names[run])
        simulate(SMALL.model_copy(update={"seed": seed}), files, silent)
        hashes[run] = [sha256_of(path) for path in files.outputs.values()]
    assert hashes["a"] == hashes["b"]
    assert not set(hashes["a"]) & set(hashes["c"])


def test_a_patch_of_free_rows_lies_between_the_splits():
    layout = lay_out_scans(SMALL, 26.9)
    n_px = SMALL.probe.n_px
    rows = {s: patch_corners(p, n_px, layout.shape)[:, 0] for s, p in layout.positions_px.items()}
    assert rows[Split.TEST].min() - (rows[Split.TRAIN].max() + n_px) >= n_px


def test_the_test_region_does_not_reach_the_training_counts(rng):
    layout = lay_out_scans(SMALL, 26.9)
    positions = layout.positions_px[Split.TRAIN]
    object_ = make_object(ObjectParams(), layout.shape, rng)
    other = object_.copy()
    first_test_row = int(layout.positions_px[Split.TEST][:, 0].min()) - SMALL.probe.n_px // 2
    other[first_test_row - 1 :] = 0.1
    counts = [
        count_photons(
            o,
            positions,
            calibrate_probe(o, positions, make_probe(SMALL), 1e3),
            np.random.default_rng(1),
        )
        for o in (object_, other)
    ]
    np.testing.assert_array_equal(*counts)


def test_another_test_object_leaves_the_training_file_byte_for_byte(stage_files):
    hashes, truths, counts = [], [], []
    for run, other in (("a", None), ("b", ObjectParams(kind="siemens_star"))):
        files = stage_files(outputs={key: f"{run}_{file}" for key, file in OUTPUTS.items()})
        simulate(SMALL.model_copy(update={"test_object": other}), files, silent)
        hashes.append(sha256_of(files.outputs["train"]))
        truths.append(read_object(files.outputs["truth"]))
        counts.append(read_scan(files.outputs["test"]).diffraction_counts)
    row = lay_out_scans(SMALL, 26.9).test_row_px
    assert hashes[0] == hashes[1]
    assert not np.array_equal(*counts)
    np.testing.assert_array_equal(*(truth.object_[:row] for truth in truths))
    assert not np.any(truths[0].object_[row:] == truths[1].object_[row:])
    assert truths[1].facts["test_object"]["kind"] == "siemens_star"
    assert truths[1].facts["samples"]["test"]["inner_radius_px"] == pytest.approx(11.46, abs=0.01)


def test_a_test_object_of_the_same_kind_is_another_one():
    layout = lay_out_scans(SMALL, 26.9)
    shifted = SMALL.model_copy(update={"test_object": SMALL.train_object})
    same, other = (make_sample(params, layout) for params in (SMALL, shifted))
    row = layout.test_row_px
    np.testing.assert_array_equal(same[:row], other[:row])
    assert not np.any(same[row:] == other[row:])


@pytest.mark.parametrize("kind", ["fermat", "concentric", "random"])
def test_another_scan_leaves_the_object_as_it_is(kind):
    other = SMALL.model_copy(update={"scan": ScanParams(kind=kind)})
    objects = [make_sample(params, lay_out_scans(params, 26.9)) for params in (SMALL, other)]
    np.testing.assert_array_equal(*objects)


def test_another_sample_leaves_the_positions_as_they_are(stage_files):
    positions = []
    for kind in ("dead_leaves", "random_lines"):
        files = stage_files(outputs={key: f"{kind}_{file}" for key, file in OUTPUTS.items()})
        simulate(SMALL.model_copy(update={"train_object": ObjectParams(kind=kind)}), files, silent)
        positions.append(read_scan(files.outputs["train"]).positions_px)
    np.testing.assert_array_equal(*positions)


def test_bad_files_are_refused_before_anything_is_written(stage_files, tmp_path):
    np.save(tmp_path / "small.npy", np.ones((100, 100), complex))
    np.save(tmp_path / "nan.npy", np.array([[0, 0], [0, 9], [9, 0], [np.nan, 9]]))
    files = stage_files(outputs=OUTPUTS)
    sample = ObjectParams(kind="file", path=tmp_path / "small.npy")
    scan = ScanParams(kind="file", path=tmp_path / "nan.npy")
    for changed, cure in (
        ({"train_object": sample}, "give a larger object"),
        ({"test_object": sample}, "give a larger object"),
        ({"scan": scan}, "Remove or correct them"),
    ):
        with pytest.raises(ValueError, match=cure):
            simulate(SMALL.model_copy(update=changed), files, silent)
    assert not any(path.exists() for path in files.outputs.values())


def test_a_dose_that_is_not_met_is_an_error():
    meter = DoseMeter(100.0, np.ones((8, 8), dtype=bool))
    counts = np.ones((3, 8, 8), dtype=np.uint16)
    meter.add(counts, Reading(counts))
    with pytest.raises(ValueError, match="more than 5% apart"):
        meter.facts()


def test_a_probe_that_its_array_cuts_off_is_refused():
    params = SMALL.model_copy(update={"probe": ProbeParams(defocus_rad=30.0)})
    with pytest.raises(ValueError, match="Lower defocus_rad"):
        make_probe(params)


@pytest.mark.parametrize("dose", [0, -5, np.nan, np.inf])
def test_an_impossible_dose_is_refused(dose):
    with pytest.raises(ValidationError):
        SimulationParams(photons_per_pattern=dose)


def test_a_scan_of_one_row_is_refused():
    with pytest.raises(ValidationError, match="at least 2 x 2"):
        SimulationParams(train_positions=(1, 9))


def test_bright_counts_keep_their_value_beyond_16_bits():
    params = SMALL.model_copy(update={"train_positions": (2, 2)})
    layout = lay_out_scans(params, 26.9)
    positions = layout.positions_px[Split.TRAIN]
    flat = np.ones(layout.shape, complex)
    probe = calibrate_probe(flat, positions, make_probe(params), 1e9)
    counts = count_photons(flat, positions, probe, np.random.default_rng(1))
    assert counts.max() > np.iinfo(np.uint16).max
    assert counts.sum(axis=(1, 2)).mean() == pytest.approx(1e9, rel=1e-3)


def test_the_dense_view_takes_every_exposure_and_measures_its_overlap(stage_files):
    scan = stage_files(outputs=OUTPUTS)
    simulate(SMALL, scan, silent)
    files = stage_files({"scan": "test.cxi"}, VIEW_OUTPUTS)
    facts = select_view(ViewParams(), files, silent)
    assert facts["n_selected"] == facts["n_exposures"] == 144
    assert facts["overlap_ratio"] == pytest.approx(0.7, abs=0.05)
    assert read_json(files.outputs["view"])["indices"] == list(range(144))
    assert read_json(files.outputs["overlap"]) == facts


def test_the_sparse_view_is_a_subset_with_a_fifth_of_overlap():
    params = SMALL.model_copy(update={"train_positions": (41, 41)})
    probe_diameter = energy_diameter_px(make_probe(params))
    positions = lay_out_scans(params, probe_diameter).positions_px[Split.TRAIN]
    indices = select_exposures(positions, 0.8 * probe_diameter)
    assert len(set(indices.tolist())) == len(indices) < 300
    measured = measure_overlap(positions[indices], probe_diameter)
    assert measured.overlap_ratio == pytest.approx(0.2, abs=0.05)


def test_a_view_that_is_not_what_its_name_says_is_refused(stage_files):
    scan = stage_files(outputs=OUTPUTS)
    simulate(SMALL.model_copy(update={"scan": ScanParams(overlap_ratio=0.5)}), scan, silent)
    files = stage_files({"scan": "test.cxi"}, VIEW_OUTPUTS)
    with pytest.raises(ValueError, match=r"Scan with scan.overlap_ratio 0\.70 or more"):
        select_view(ViewParams(), files, silent)
    assert not files.outputs["view"].exists()


@pytest.mark.parametrize(
    ("model", "array"),
    [(ObjectParams, np.ones((9, 9), complex)), (ScanParams, np.array([[0, 0], [0, 9], [9, 0.0]]))],
)
def test_the_content_of_a_named_file_is_a_parameter(model, array, tmp_path):
    path = tmp_path / "named.npy"
    np.save(path, array)
    first = model(kind="file", path=path)
    assert first.file_sha256 == sha256_of(path)
    assert model.model_validate(first.model_dump()) == first
    np.save(path, array * 2)
    assert model(kind="file", path=path) != first
    with pytest.raises(ValidationError, match="it was changed since"):
        model.model_validate(first.model_dump())
    path.unlink()
    with pytest.raises(ValidationError, match="is not there"):
        model(kind="file", path=path)
