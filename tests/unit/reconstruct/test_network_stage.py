"""Prediction as a stage: places the object where it belongs and refuses models that do not fit."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.physics.probe import defocused_zone_plate_probe, probe_sha256
from tasks.core.study.device import Device
from tasks.core.study.stage_record import StageFiles, silent
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.model_file import load_network, write_weights
from tasks.networks.model_record import (
    DataRecord,
    ModelRecord,
    read_model_record,
    write_model_record,
)
from tasks.networks.scan_statistics import ScanStatistics
from tasks.reconstruct.network_stage import predict
from tasks.reconstruct.params import PredictionParams

use_device(Device.CPU)
ARCHITECTURE = UnrolledArchitecture(passes=2, channels=(4, 4))


def offered_by(scan):
    exposures = Exposures.of(scan)
    return DataRecord.of(exposures, ScanStatistics.of(exposures))


def network_for(scan):
    return CanvasNetwork(ARCHITECTURE, InputGeometry.of(scan.probe_modes), seed=4)


@pytest.fixture
def scan():
    rng = np.random.default_rng(2)
    return Scan(
        diffraction_counts=rng.poisson(4.0, size=(9, 16, 16)).astype(np.uint16),
        positions_px=np.stack(np.mgrid[60:90:10, 100:130:10], axis=-1).reshape(-1, 2) + 0.25,
        probe=32 * defocused_zone_plate_probe(16, 0.6, 0.0, 0.0),
        geometry=Geometry(8000.0, 2.0, 75e-6),
        provenance={},
    )


@pytest.fixture
def files(tmp_path, scan):
    write_scan(tmp_path / "test.cxi", scan)
    write_json(
        tmp_path / "view.json",
        {"view": "dense", "n_exposures": len(scan), "indices": list(range(len(scan)))},
    )
    write_weights(tmp_path / "n.weights.h5", network_for(scan))
    record = ModelRecord(
        arm="network",
        architecture=ARCHITECTURE,
        optics=InputGeometry.of(scan.probe_modes),
        data=offered_by(scan),
        weights_sha256=sha256((tmp_path / "n.weights.h5").read_bytes()).hexdigest(),
        training={},
    )
    write_model_record(tmp_path / "model.json", record)
    inputs = {
        "scan": tmp_path / "test.cxi",
        "view": tmp_path / "view.json",
        "weights": tmp_path / "n.weights.h5",
        "model": tmp_path / "model.json",
    }
    return StageFiles(inputs, {"reconstruction": tmp_path / "object.h5"})


def change_record(files, **changes):
    content = read_json(files.inputs["model"])
    content["data"] |= changes
    write_json(files.inputs["model"], content)


def test_the_reconstruction_lies_in_the_absolute_frame(files):
    seen = []
    facts = predict(PredictionParams(), files, lambda *report: seen.append(report))
    window = read_object(files.outputs["reconstruction"])
    assert window.origin_px == (52, 92)
    assert window.object_.dtype == np.complex64
    assert window.object_.shape == (40, 40)
    assert np.all(np.isfinite(window.object_))
    assert facts["n_patterns"] == 9
    assert [report[:2] for report in seen] == [(1, 2), (2, 2)]


def test_weights_survive_the_disk(files, scan):
    network = load_network(files.inputs["weights"], read_model_record(files.inputs["model"]))
    for ours, theirs in zip(network_for(scan).get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_for_other_patterns_is_refused_and_both_are_named(files):
    change_record(files, n_px=64)
    with pytest.raises(ValueError, match="patterns of 64 px, but the scan has 16 px"):
        predict(PredictionParams(), files, silent)


def test_a_model_for_another_dose_is_refused_and_both_are_named(files):
    change_record(files, photons_per_pattern=1e5)
    with pytest.raises(
        ValueError, match=r"1e\+05 photons per pattern, but the scan has 1[0-9]{3} "
    ):
        predict(PredictionParams(), files, silent)


def test_a_model_for_another_probe_is_refused(files, scan):
    diameter = offered_by(scan).probe_diameter_px
    change_record(files, probe_diameter_px=2 * diameter)
    with pytest.raises(ValueError, match="px of probe diameter, but the scan has"):
        predict(PredictionParams(), files, silent)


def test_a_probe_of_another_shape_is_refused_unless_it_is_accepted(files, scan):
    other = replace(scan, probe=32 * defocused_zone_plate_probe(16, 0.6, 0.0, 0.3))
    write_scan(files.inputs["scan"], other)
    mine, theirs = (offered_by(s).probe_sha256[:12] for s in (scan, other))
    with pytest.raises(
        ValueError, match=f"SHA-256 {mine}, but the scan has {theirs}.*set accept_other_probe"
    ):
        predict(PredictionParams(), files, silent)
    facts = predict(PredictionParams(accept_other_probe=True), files, silent)
    assert facts["n_patterns"] == 9


def test_the_fingerprint_of_a_probe_ignores_its_photons_and_its_last_bits(scan):
    modes = scan.probe_modes
    noise = 1 + 1e-14 * np.random.default_rng(1).normal(size=modes.shape)
    assert probe_sha256(modes) == probe_sha256(3 * modes) == probe_sha256(noise * modes)
    assert probe_sha256(modes) != probe_sha256(modes.conj() + 1e-3)


def test_a_model_of_another_arm_is_refused(files):
    with pytest.raises(ValueError, match="model of network, but Baseline was asked for"):
        predict(PredictionParams(arm="Baseline"), files, silent)


def test_weights_that_were_cut_short_are_refused(files):
    weights = files.inputs["weights"]
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"changed or cut short\. Train the model again"):
        predict(PredictionParams(), files, silent)


def test_a_record_of_another_version_is_refused(files):
    content = read_json(files.inputs["model"])
    write_json(files.inputs["model"], content | {"schema_version": 9})
    with pytest.raises(ValueError, match="not the record of a model of this version"):
        predict(PredictionParams(), files, silent)


def test_a_scan_without_photons_is_refused(scan):
    empty = replace(scan, diffraction_counts=np.zeros_like(scan.diffraction_counts))
    with pytest.raises(ValueError, match="All 9 patterns are empty"):
        offered_by(empty)


def test_a_pattern_without_photons_does_no_harm(files, scan):
    counts = scan.diffraction_counts.copy()
    counts[4] = 0
    write_scan(files.inputs["scan"], replace(scan, diffraction_counts=counts))
    predict(PredictionParams(), files, silent)
    assert np.all(np.isfinite(read_object(files.outputs["reconstruction"]).object_))
