"""Cutting a measured scan in a training and a test region."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.object_file import Illumination, read_illumination, write_illumination
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.region_cut import RegionParams, cut_in_regions
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import silent
from tasks.regions.stage import cut_scan

N_PX = 16


def raster(rows, columns, step=4.0):
    return jittered_raster(rows, columns, step, 0.5, np.random.default_rng(1)) + 20


@given(
    rows=st.integers(16, 40),
    columns=st.integers(6, 14),
    train=st.floats(0.3, 0.7),
    test_first=st.booleans(),
)
def test_no_object_pixel_is_seen_from_both_regions(rows, columns, train, test_first):
    positions = raster(rows, columns)
    params = RegionParams(train_fraction=train, test_first=test_first)
    regions = cut_in_regions(positions, N_PX, params)
    chosen = [positions[regions.indices[split]] for split in Split]
    # Patches reach half a side; the nearest pixel of a position may be half a pixel off.
    gap = min(
        abs(chosen[1][:, regions.axis].min() - chosen[0][:, regions.axis].max()),
        abs(chosen[0][:, regions.axis].min() - chosen[1][:, regions.axis].max()),
    )
    assert gap == pytest.approx(regions.gap_px)
    assert regions.gap_px >= N_PX
    n_cut = sum(len(found) for found in regions.indices.values())
    assert n_cut + regions.n_between == len(positions)
    assert not np.intersect1d(*regions.indices.values()).size


def test_the_cut_lies_across_the_longer_side():
    assert cut_in_regions(raster(30, 8), N_PX, RegionParams()).axis == 0
    assert cut_in_regions(raster(8, 30), N_PX, RegionParams()).axis == 1


def test_the_test_region_can_come_first():
    positions = raster(30, 8)
    regions = cut_in_regions(positions, N_PX, RegionParams(test_first=True))
    train, test = (positions[regions.indices[split], 0] for split in Split)
    assert test.max() < train.min()


def test_a_band_that_leaves_too_little_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"Lower --measured\.regions\.guard-px") as caught:
        cut_in_regions(raster(8, 8), N_PX, RegionParams(guard_px=26.0))
    assert "at least 16 are needed" in str(caught.value)


def test_regions_hold_their_patterns_and_the_refined_probe(tmp_path, stage_files):
    positions = raster(24, 8)
    probe = 30 * defocused_zone_plate_probe(N_PX, 0.5, 0.2, 3.0)
    counts = np.arange(len(positions), dtype=np.uint16)[:, None, None] + np.ones(
        (1, N_PX, N_PX), np.uint16
    )
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {"source": "here"})
    write_scan(tmp_path / "scan.cxi", scan)
    modes = np.stack([probe, 0.2j * probe[::-1]])
    moved = positions + 0.25
    write_illumination(tmp_path / "light.h5", Illumination(modes, moved, {"epochs": 3}))
    names = {name: f"{name}.cxi" for name in ("train", "test", "whole")}
    files = stage_files({"scan": "scan.cxi", "illumination": "light.h5"}, names)
    facts = cut_scan(RegionParams(), files, silent)
    expected = cut_in_regions(positions, N_PX, RegionParams())
    for split in Split:
        part = read_scan(tmp_path / f"{split.value}.cxi")
        indices = expected.indices[split]
        np.testing.assert_array_equal(part.diffraction_counts, counts[indices])
        np.testing.assert_allclose(part.positions_px, moved[indices], atol=1e-9)
        np.testing.assert_allclose(part.probe_modes, modes)
        assert part.provenance["split"] == split.value
        assert part.provenance["regions"] == facts["regions"] == expected.facts
        mean = counts[indices].sum() / len(indices)
        assert facts[split.value]["measured_photons_per_pattern"] == pytest.approx(mean)
    assert len(read_scan(tmp_path / "whole.cxi")) == len(positions)


def test_an_illumination_of_another_scan_is_refused(tmp_path, stage_files):
    positions = raster(24, 8)
    probe = 30 * defocused_zone_plate_probe(N_PX, 0.5, 0.2, 3.0)
    counts = np.ones((len(positions), N_PX, N_PX), np.uint16)
    write_scan(
        tmp_path / "scan.cxi", Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {})
    )
    write_illumination(tmp_path / "light.h5", Illumination(probe[None], positions[1:]))
    names = {name: f"{name}.cxi" for name in ("train", "test", "whole")}
    files = stage_files({"scan": "scan.cxi", "illumination": "light.h5"}, names)
    with pytest.raises(ValueError, match="Refine it again on this scan"):
        cut_scan(RegionParams(), files, silent)


def test_an_illumination_comes_back_as_it_was(tmp_path):
    rng = np.random.default_rng(3)
    modes = rng.standard_normal((2, 8, 8)) + 1j * rng.standard_normal((2, 8, 8))
    light = Illumination(modes, rng.uniform(0, 9, (5, 2)), {"loss": [1.5]})
    write_illumination(tmp_path / "light.h5", light)
    found = read_illumination(tmp_path / "light.h5")
    np.testing.assert_array_equal(found.probe_modes, modes)
    np.testing.assert_array_equal(found.positions_px, light.positions_px)
    assert found.facts == {"loss": [1.5]}
    write_json(tmp_path / "other.h5", {})
    assert read_json(tmp_path / "other.h5") == {}
    with pytest.raises(ValueError, match=r"other\.h5"):
        read_illumination(tmp_path / "other.h5")
