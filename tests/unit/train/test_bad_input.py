"""Scans that nothing can be learned from are refused before the training starts."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import map_view
from tasks.core.study.device import Device
from tasks.core.study.stage_record import StageFiles
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures
from tasks.networks.scan_statistics import ScanStatistics
from tasks.train.params import TrainingParams
from tasks.train.stage import train

use_device(Device.CPU)
PARAMS = TrainingParams(
    n_steps=1, group_size=9, architecture=UnrolledArchitecture(passes=1, channels=(4, 4))
)


@pytest.fixture
def scan(small_scan):
    return map_view(small_scan / "train.cxi", small_scan / "train.json")


def learn(tmp_path, scan, params=PARAMS):
    """Train on a scan; return the facts and what the training reported."""
    write_scan(tmp_path / "scan.cxi", scan)
    view = {"view": "dense", "n_exposures": len(scan), "indices": list(range(len(scan)))}
    write_json(tmp_path / "view.json", view)
    names = ("weights", "model", "history", "learning_curve")
    suffixes = (".weights.h5", ".json", ".csv", ".png")
    files = StageFiles(
        {"scan": tmp_path / "scan.cxi", "view": tmp_path / "view.json"},
        {name: tmp_path / f"{name}{suffix}" for name, suffix in zip(names, suffixes, strict=True)},
    )
    steps = []
    facts = train(params, files, lambda done, *_: steps.append(done))
    assert steps == [1]
    return facts


def with_empty(scan, n_empty):
    counts = scan.diffraction_counts.copy()
    counts[:n_empty] = 0
    return replace(scan, diffraction_counts=counts)


def with_saturation(scan, share):
    dose = scan.provenance["dose"] | {"saturated_fraction": share}
    return replace(scan, provenance=scan.provenance | {"dose": dose})


def test_fewer_patterns_than_a_group_are_refused(tmp_path, scan):
    params = PARAMS.model_copy(update={"group_size": 40})
    with pytest.raises(ValueError, match=r"needs 40 patterns.*has 36\. Lower group_size to 36"):
        learn(tmp_path, scan, params)


def test_exposures_that_do_not_overlap_are_refused_with_the_measured_overlap(tmp_path, scan):
    apart = replace(scan, positions_px=10 * scan.positions_px)
    with pytest.raises(ValueError, match=r"linear overlap is -\d\.\d\d \(step .* a denser view"):
        learn(tmp_path, apart)


def test_a_scan_without_photons_is_refused(tmp_path, scan):
    with pytest.raises(ValueError, match=r"All 36 patterns are empty.*Check the counts"):
        learn(tmp_path, with_empty(scan, 36))


def test_a_scan_that_is_mostly_empty_is_refused(tmp_path, scan):
    with pytest.raises(ValueError, match=r"19 of 36 patterns hold no photon.*at most 50%.*shutter"):
        learn(tmp_path, with_empty(scan, 19))


@pytest.mark.slow
def test_a_few_empty_patterns_are_counted_in_the_record(tmp_path, scan):
    facts = learn(tmp_path, with_empty(scan, 3))
    assert facts["n_empty_patterns"] == 3
    assert np.isfinite(facts["last_loss"])
    assert 0 < facts["overlap_ratio"] < 1


def test_a_saturated_scan_is_refused(tmp_path, scan):
    with pytest.raises(ValueError, match=r"2\.00% of the pixels are saturated.*at most 1%.*mask"):
        learn(tmp_path, with_saturation(scan, 0.02))


@pytest.mark.slow
@pytest.mark.parametrize("provenance", [{}, {"dose": {"saturated_fraction": 0.004}}])
def test_a_little_saturation_is_recorded_and_none_is_invented(tmp_path, scan, provenance):
    facts = learn(tmp_path, replace(scan, provenance=provenance))
    expected = provenance.get("dose", {}).get("saturated_fraction")
    assert facts["saturated_fraction"] == expected


def test_patterns_of_another_size_than_the_probe_are_refused(scan):
    larger = np.zeros((36, 48, 48), dtype=np.uint16)
    exposures = replace(Exposures.of(scan), read=lambda indices: larger[indices])
    with pytest.raises(ValueError, match=r"patterns of 32 x 32 px.*got 48 x 48 px\. Crop or bin"):
        ScanStatistics.of(exposures)
