"""Labels from simulation: a known sample below the probe of a measured scan."""

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import open_view, read_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.stage_record import silent
from tasks.simulate.label_stage import LabelParams, simulate_labels


@pytest.fixture
def made(tmp_path, stage_files):
    rng = np.random.default_rng(4)
    positions = jittered_raster(6, 6, 4.0, 0.5, rng) + np.array([40.0, 24.0])
    probe = 30 * defocused_zone_plate_probe(16, 0.5, 0.2, 3.0)
    counts = rng.poisson(4.0, (36, 16, 16)).astype(np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {"source": "beamline"})
    write_scan(tmp_path / "measured.cxi", scan)
    kept = list(range(0, 36, 2))
    write_json(tmp_path / "m.json", {"view": "measured", "n_exposures": 36, "indices": kept})
    files = stage_files(
        {"scan": "measured.cxi", "view": "m.json"},
        {"scan": "labels.cxi", "view": "view.json", "truth": "truth.h5"},
    )
    facts = simulate_labels(LabelParams(seed=3), files, silent)
    return tmp_path, scan, kept, facts


def test_the_scan_of_labels_is_exposed_as_the_measured_one(made):
    folder, scan, kept, facts = made
    labels = open_view(folder / "labels.cxi", folder / "view.json")
    assert len(labels) == len(kept) == facts["n_patterns"]
    np.testing.assert_allclose(labels.header.positions_px, scan.positions_px[kept], atol=1e-9)
    measured = scan.diffraction_counts[kept].sum() / len(kept)
    assert facts["measured_photons_per_pattern"] == pytest.approx(measured)
    assert facts["photons_per_pattern"] == pytest.approx(measured, rel=0.05)
    ratio = labels.header.probe / scan.probe
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)


def test_the_labels_are_no_measurement(made):
    folder, scan, kept, _ = made
    counts = read_scan(folder / "labels.cxi").diffraction_counts
    assert not np.array_equal(counts, scan.diffraction_counts[kept])
    truth = read_object(folder / "truth.h5")
    corner = np.floor(scan.positions_px[kept] + 0.5).min(axis=0) - 8
    assert truth.origin_px == tuple(corner)
    assert np.abs(truth.object_).max() <= 1 + 1e-12
    assert read_scan(folder / "labels.cxi").provenance["labels"]["seed"] == 3
