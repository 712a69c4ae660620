"""Cutting a measured scan in a training and a test region."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.compare.alignment.region import scored_region
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.object_file import Illumination, read_illumination, write_illumination
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import Geometry, Scan, ScanHeader
from tasks.core.geometry.needed_scan import scan_for_ms_ssim
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.geometry.region_cut import (
    RegionParams,
    cut_in_regions,
    guard_px,
)
from tasks.core.geometry.scored_pixels import (
    COVERAGE_FRACTION,
    EROSION_PX,
    expected_sides_px,
    largest_rectangle,
)
from tasks.core.physics.probe import defocused_zone_plate_probe, energy_outside_width
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import silent
from tasks.regions.stage import cut_scan

N_PX = 16


def raster(rows, columns, step=4.0):
    return jittered_raster(rows, columns, step, 0.5, np.random.default_rng(1)) + 20


def spot(width_px=5.0, n_px=N_PX, modes=1):
    """A Gaussian probe, and weaker ones that are wider; so many of them."""
    away = np.hypot(*(np.indices((n_px, n_px)) - n_px // 2))
    return np.stack(
        [0.4**m * np.exp(-((away / (width_px * (1 + m / 2))) ** 2)) for m in range(modes)]
    ).astype(complex)


def spiral(count, spacing):
    angles, radii = 2.399963 * np.arange(count), spacing * np.sqrt(np.arange(count))
    return np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=1) + 500


def scored_sides(positions, probe, split, params):
    chosen = cut_in_regions(positions, probe, params).indices[split]
    header = ScanHeader(positions[chosen], probe[0], Geometry.placeholder(N_PX), {})
    mask = scored_region(header, COVERAGE_FRACTION, EROSION_PX).mask
    return tuple(part.stop - part.start for part in largest_rectangle(mask))


@given(
    rows=st.integers(16, 40),
    columns=st.integers(6, 14),
    train=st.none() | st.floats(0.3, 0.7),
    test_first=st.booleans(),
    guard=st.none() | st.floats(0.0, 20.0),
)
@settings(deadline=None, max_examples=40)
def test_no_region_comes_nearer_to_the_other_than_the_band(rows, columns, train, test_first, guard):
    positions, probe = raster(rows, columns), spot()
    params = RegionParams(train_fraction=train, test_first=test_first, guard_px=guard)
    regions = cut_in_regions(positions, probe, params)
    assert regions.guard_px == (guard_px(probe, regions.axis) if guard is None else guard)
    chosen = [positions[regions.indices[split]] for split in Split]
    gap = max(
        chosen[1][:, regions.axis].min() - chosen[0][:, regions.axis].max(),
        chosen[0][:, regions.axis].min() - chosen[1][:, regions.axis].max(),
    )
    assert gap == pytest.approx(regions.gap_px)
    assert gap >= regions.guard_px - 1e-9
    is_first = chosen[1][:, regions.axis].mean() < chosen[0][:, regions.axis].mean()
    assert is_first == test_first
    n_cut = sum(len(found) for found in regions.indices.values())
    assert n_cut + regions.n_between == len(positions)
    assert not np.intersect1d(*regions.indices.values()).size


@pytest.mark.parametrize("modes", [1, 3])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_band_holds_nearly_all_of_the_light_of_all_modes(modes, axis):
    probe = spot(3.0, 64, modes)
    width = guard_px(probe, axis)
    assert energy_outside_width(probe, axis, width) == pytest.approx(0.01)
    # The intensity of a Gaussian of exp(-(r / w)^2) is one of the width w / sqrt(2).
    if modes == 1:
        assert width == pytest.approx(2 * 2.5758 * 3.0 / 2, abs=0.6)
    else:
        assert width > guard_px(probe[:1], axis)


def test_an_oblong_probe_needs_a_wider_band_along_its_longer_side():
    probe = spot(3.0, 64)[0]
    oblong = probe * np.exp(-((np.arange(64) - 32)[None, :] ** 2) / 3.0)
    assert guard_px(oblong, 0) > 1.5 * guard_px(oblong, 1)


def test_the_band_is_a_patch_at_most_and_does_not_move_with_the_probe():
    assert guard_px(np.ones((N_PX, N_PX)), 0) <= N_PX
    moved = np.roll(spot(2.0, 32), (5, -4), axis=(1, 2))
    assert guard_px(moved, 0) == pytest.approx(guard_px(spot(2.0, 32), 0))


def test_the_cut_lies_across_the_longer_side():
    assert cut_in_regions(raster(30, 8), spot(), RegionParams()).axis == 0
    assert cut_in_regions(raster(8, 30), spot(), RegionParams()).axis == 1


@pytest.mark.parametrize(
    "positions",
    [raster(40, 14), raster(14, 40), raster(26, 26), spiral(700, 3.0), raster(60, 10)],
    ids=["tall", "wide", "square", "spiral", "elongated"],
)
def test_the_smaller_region_is_as_large_as_any_other_cut_makes_it(positions):
    probe = spot()

    def smaller(params):
        sides = [scored_sides(positions, probe, split, params) for split in Split]
        return min(np.prod(pair) for pair in sides)

    chosen = smaller(RegionParams())
    others = [smaller(RegionParams(train_fraction=share)) for share in (0.35, 0.45, 0.5, 0.6)]
    # Of a grid a row more or less belongs to a region.
    assert chosen >= 0.9 * max(others)
    assert chosen > 1.05 * min(others)


def test_the_side_that_is_foreseen_is_the_one_that_is_scored():
    positions, probe = raster(60, 50), spot()
    for split in Split:
        chosen = cut_in_regions(positions, probe, RegionParams()).indices[split]
        foreseen = expected_sides_px(positions[chosen], np.abs(probe[0]) ** 2)
        found = scored_sides(positions, probe, split, RegionParams())
        assert np.all(np.abs(np.subtract(foreseen, found)) <= 6)


def test_a_test_region_that_nearly_has_the_side_of_ms_ssim_is_given_it():
    positions, probe = raster(86, 50), spot()
    half = RegionParams(train_fraction=0.5)
    assert scored_sides(positions, probe, Split.TEST, half)[0] < 176
    regions = cut_in_regions(positions, probe, RegionParams())
    assert scored_sides(positions, probe, Split.TEST, RegionParams())[0] >= 176
    counts = [len(regions.indices[split]) for split in (Split.TRAIN, Split.TEST)]
    assert 2 / 3 * counts[1] <= counts[0] < counts[1]


def test_a_scan_too_small_for_ms_ssim_keeps_its_training_region():
    regions = cut_in_regions(raster(60, 50), spot(), RegionParams())
    counts = [len(regions.indices[split]) for split in Split]
    assert min(counts) > 0.9 * max(counts)


def test_a_share_that_is_asked_for_is_taken_along_the_longer_side():
    positions = raster(30, 8)
    regions = cut_in_regions(positions, spot(), RegionParams(train_fraction=0.6, guard_px=16))
    along = positions[:, 0] - positions[:, 0].min()
    last = 0.6 * (along.max() - 16)
    np.testing.assert_array_equal(regions.indices[Split.TRAIN], np.flatnonzero(along <= last))
    np.testing.assert_array_equal(regions.indices[Split.TEST], np.flatnonzero(along >= last + 16))


def test_the_test_region_can_come_first():
    positions = raster(30, 8)
    regions = cut_in_regions(positions, spot(), RegionParams(test_first=True))
    train, test = (positions[regions.indices[split], 0] for split in Split)
    assert test.max() < train.min()


def test_a_band_that_leaves_too_little_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"Lower --measured\.regions\.guard-px") as caught:
        cut_in_regions(raster(8, 8), spot(), RegionParams(guard_px=26.0))
    assert "at least 16 are needed" in str(caught.value)


def test_the_scan_that_would_do_is_told_in_positions_and_micrometres():
    text = scan_for_ms_ssim((150, 170), (300.0, 120.0), 0, 8.0, 1e-8)
    # Both regions lack 26 px along the cut, and the whole scan 6 px across it.
    assert "its positions spanning about 352 x 126 px (y, x, 3.52 x 1.26 um)" in text
    assert "about 45 x 17 positions at this step of 8 px" in text
    assert "150 x 170 px of the test region are scored" in text
    assert scan_for_ms_ssim((176, 400), (300.0, 120.0), 0, 8.0) is None
    assert "um" not in scan_for_ms_ssim((150, 170), (300.0, 120.0), 0, 8.0)


def test_the_scan_that_would_do_does():
    positions, probe, step = raster(50, 44), spot(), 4.0
    regions = cut_in_regions(positions, probe, RegionParams())
    sides = scored_sides(positions, probe, Split.TEST, RegionParams())
    text = scan_for_ms_ssim(sides, regions.extent_px, regions.axis, step)
    rows, columns = map(int, re.search(r"about (\d+) x (\d+) positions", text).groups())
    assert min(scored_sides(raster(rows, columns), probe, Split.TEST, RegionParams())) >= 176


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
    sent = read_scan(tmp_path / "scan.cxi")
    expected = cut_in_regions(sent.positions_px, sent.probe_modes, RegionParams())
    outside = energy_outside_width(modes, expected.axis, expected.guard_px)
    assert facts["light_outside_guard"] == pytest.approx(outside)
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
