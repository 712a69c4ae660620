"""A tiny trained network in a hub, and scans that fit it or do not."""

from hashlib import sha256
from types import SimpleNamespace

import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.study.device import Device
from tasks.core.study.stage_record import FileRef, StageRecord
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.code_fingerprint import network_code_sha256
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.model_file import write_weights
from tasks.networks.model_record import CODE_SHA256, DataRecord, ModelRecord, write_model_record
from tasks.networks.scan_statistics import ScanStatistics
from tests.unit.reconstruct.small_scan import scan_of

ARCHITECTURE = UnrolledArchitecture(passes=2, channels=(4, 4))
FOLDER = "data/phase_e/dose_1000/dense/ptychopinn/gs16"
SCAN = "data/phase_c/dose_1000/train.cxi"


@pytest.fixture
def stored(tmp_path):
    """Return a hub with a network that was not trained, but is stored like a trained one."""
    use_device(Device.CPU)
    hub, scan = tmp_path / "hub", scan_of()
    folder = hub / FOLDER
    write_scan(hub / SCAN, scan)
    geometry = InputGeometry.of(scan.probe_modes)
    write_weights(folder / "model.weights.h5", CanvasNetwork(ARCHITECTURE, geometry, seed=4))
    exposures = Exposures.of(scan)
    record = ModelRecord(
        arm="PtychoPINN",
        architecture=ARCHITECTURE,
        optics=geometry,
        data=DataRecord.of(exposures, ScanStatistics.of(exposures)),
        weights_sha256=sha256((folder / "model.weights.h5").read_bytes()).hexdigest(),
        training={"n_patterns": 9, CODE_SHA256: network_code_sha256()},
    )
    write_model_record(folder / "model.json", record)
    outputs = {"model": f"{FOLDER}/model.json", "weights": f"{FOLDER}/model.weights.h5"}
    manifest = StageRecord(
        stage="train-ptychopinn.dose_1000.dense",
        phase="E",
        cache_key="k",
        params={},
        inputs={"scan": FileRef.of(hub, SCAN)},
        outputs={name: FileRef.of(hub, path) for name, path in outputs.items()},
        facts={"n_patterns": 9},
        wall_s=1.0,
        cpu_s=1.0,
        peak_memory_mib=1.0,
        versions={},
    )
    write_json(folder / "manifest.json", manifest.model_dump(mode="json"))
    write_scan(tmp_path / "scan.cxi", scan)
    return SimpleNamespace(
        hub=hub, folder=folder, scan=tmp_path / "scan.cxi", out=tmp_path / "out" / "object.h5"
    )
