"""Every format is read rightly: the same scan comes back, whatever its file calls it."""

import h5py
import numpy as np
import pytest
import yaml

from tasks.core.files.scan_reader import read_scan
from tasks.ingest.importers import IMPORTERS
from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_scan import open_scan

EXPECTED = {
    "own cxi": "cxi",
    "cxi": "cxi",
    "cxi with basis vectors": "cxi",
    "ptyd": "ptyd",
    "nexus": "nexus",
    "ptychodus": "ptychodus",
    "ptychi": "ptychi",
    "ptychopinn": "ptychopinn",
    "old ptychopinn": "ptychopinn",
    "arrays": "arrays",
}


def opened(path, options):
    params = IngestParams.model_validate({"file": path, **options})
    return open_scan(path, params)


@pytest.mark.parametrize("layout", EXPECTED)
def test_a_scan_comes_back_from_every_format(layout, scan, written, prepared, tmp_path):
    path, options = written(layout)
    found = prepared(path, check_orientation=False, **options)
    assert found.scan.format == EXPECTED[layout]
    found.write_scan_cxi(tmp_path / "again.cxi")
    again = read_scan(tmp_path / "again.cxi")

    np.testing.assert_array_equal(again.diffraction_counts, scan.diffraction_counts)
    moved = again.positions_px - scan.positions_px
    # One shift for all; float32 coordinates lose a little.
    np.testing.assert_allclose(moved - moved[0], 0, atol=2e-4)
    assert np.allclose(moved[0], np.rint(moved[0]), atol=2e-4)
    if layout != "nexus":
        ratio = again.probe / scan.probe
        np.testing.assert_allclose(ratio, ratio[16, 16], rtol=1e-3)
    if "geometry_unknown" in options:
        assert not again.geometry.is_known
        assert again.provenance["geometry_known"] is False
    else:
        for field in ("energy_ev", "distance_m", "detector_pixel_m"):
            assert getattr(again.geometry, field) == pytest.approx(getattr(scan.geometry, field))


def test_every_importer_is_tried(layouts):
    assert set(EXPECTED) == set(layouts)
    # The last two are tried in test_beamline_formats.
    assert set(EXPECTED.values()) | {"eiger", "tiff"} == set(IMPORTERS)


def test_a_scan_without_geometry_is_imported_again_from_its_own_cxi(written, prepared, tmp_path):
    path, options = written("ptychopinn")
    first = prepared(path, **options)
    first.write_scan_cxi(tmp_path / "first.cxi")
    second = prepared(tmp_path / "first.cxi")
    assert second.scan.geometry is None
    np.testing.assert_allclose(
        np.diff(second.header.positions_px, axis=0),
        np.diff(first.header.positions_px, axis=0),
        atol=1e-6,
    )


def test_patterns_are_read_in_any_piece_from_every_layout(written, scan, layouts):
    for layout in layouts:
        source = opened(*written(layout)).patterns
        assert source.shape == (100, 32, 32)
        pieces = [source.read(start, min(start + 7, 100)) for start in range(0, 100, 7)]
        assert len(np.concatenate(pieces)) == 100
        np.testing.assert_array_equal(np.concatenate(pieces), source.read(0, 100))


def test_positions_are_paired_by_index_not_by_order(written):
    path, options = written("ptychodus")
    with h5py.File(options["product"]["file"], "a") as file:
        file["probe_position_indexes"][...] += 1000
    with pytest.raises(ValueError, match=r"patterns have no position.*Export the product"):
        opened(path, options)


def test_indexes_that_are_all_zero_tell_nothing_and_the_order_counts(written, scan):
    path, _ = written("ptychi")
    with h5py.File(path, "a") as file:
        file["probe_position_indexes"][...] = 0
    found = opened(path, {"geometry_unknown": True})
    assert len(found.positions) == len(scan)


def test_masks_of_either_sense_say_the_same(written, scan, tmp_path):
    written("arrays")
    bad = np.zeros((32, 32), dtype=np.uint8)
    bad[0, 3] = 1
    goods = []
    for sense, mask in (("zero_is_good", bad), ("nonzero_is_good", 1 - bad)):
        with np.load(tmp_path / "arrays.npz") as arrays:
            held = {name: arrays[name] for name in arrays} | {"bad": mask}
        np.savez(tmp_path / "masked.npz", **held)
        layout = yaml.safe_load((tmp_path / "layout.yaml").read_text())
        layout["mask"]["sense"] = sense
        (tmp_path / f"{sense}.yaml").write_text(yaml.safe_dump(layout))
        found = opened(tmp_path / "masked.npz", {"layout": {"file": tmp_path / f"{sense}.yaml"}})
        goods.append(found.good)
    np.testing.assert_array_equal(goods[0], goods[1])
    assert np.argwhere(~goods[0]).tolist() == [[0, 3]]


def test_the_bits_of_a_cxi_mask_are_read_and_signal_is_no_fault(written):
    path, _ = written("cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/detector_1/mask"][2, 5] = 0x1000 | 0x4
    good = opened(path, {}).good
    assert np.argwhere(~good).tolist() == [[2, 5]]


def test_weights_of_zero_in_a_ptyd_are_bad_pixels(written):
    path, options = written("ptyd")
    with h5py.File(path, "a") as file:
        file["chunks/1/weights"][7, 4, 9] = 0
    assert np.argwhere(~opened(path, options).good).tolist() == [[4, 9]]


def test_a_product_gives_the_detector_pixel_that_its_patterns_lack(written, scan):
    path, options = written("ptychodus")
    with h5py.File(path, "a") as file:
        for side in ("height", "width"):
            del file["patterns"].attrs[f"detector_pixel_{side}_m"]
    found = opened(path, options)
    assert found.geometry.detector_pixel_m == pytest.approx(scan.geometry.detector_pixel_m)


def test_links_within_the_data_root_are_followed(written, tmp_path):
    path, _ = written("cxi")
    with h5py.File(tmp_path / "master.cxi", "w") as file:
        file["cxi_version"] = 160
        file["entry_1"] = h5py.ExternalLink(path.name, "/entry_1")
    assert len(opened(tmp_path / "master.cxi", {})) == 100


def test_the_measured_near_field_file_is_read_rightly(measured):
    found = opened(measured("near_field_p25.cxi"), {})
    assert found.patterns.shape == (200, 100, 100)
    assert found.geometry.energy_ev == pytest.approx(12658.0, abs=1)
    assert found.geometry.distance_m == pytest.approx(1.12)
    assert found.geometry.detector_pixel_m == pytest.approx(55e-6)
    assert np.count_nonzero(~found.good) == 5
    # Rows and columns of this detector go along -y and -x; the translation is the sample's.
    np.testing.assert_allclose(found.positions[0] * 1e6, [-38.4, -53.4], atol=0.01)
