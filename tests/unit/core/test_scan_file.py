import tracemalloc
from dataclasses import replace

import h5py
import numpy as np
import pytest

from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.scan_file import ScanWriter, read_scan_header, write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import ELECTRONVOLT_J, Geometry, PixelFault, Scan
from tasks.core.physics.probe import coherent_probe

ENERGY = "entry_1/instrument_1/source_1/energy"
LIGHT = "entry_1/instrument_1/source_1/illumination"
COUNTS = "entry_1/instrument_1/detector_1/data"
DISTANCE = "entry_1/instrument_1/detector_1/distance"
PIXEL = "entry_1/instrument_1/detector_1/x_pixel_size"
TRANSLATION = "entry_1/sample_1/geometry_1/translation"


@pytest.fixture
def scan(rng):
    modes = rng.standard_normal((3, 16, 16)) + 1j * rng.standard_normal((3, 16, 16))
    mask = np.zeros((16, 16), np.uint32)
    mask[3, 4], mask[5, 6] = PixelFault.DEAD, PixelFault.SHADOWED
    return Scan(
        diffraction_counts=rng.poisson(3.0, size=(50, 16, 16)).astype(np.uint16),
        positions_px=rng.uniform(10, 60, size=(50, 2)),
        probe=coherent_probe(modes),
        geometry=Geometry(energy_ev=8000.0, distance_m=2.0, detector_pixel_m=75e-6),
        provenance={"seed": 1},
        modes=modes,
        pixel_mask=mask,
    )


@pytest.fixture
def path(tmp_path, scan):
    write_scan(tmp_path / "scan.cxi", scan)
    return tmp_path / "scan.cxi"


def spoil(path, name, value, **attributes):
    with h5py.File(path, "r+") as file:
        kept = dict(file[name].attrs) | attributes
        del file[name]
        if value is not None:
            file[name] = value
            file[name].attrs.update(kept)


def write_parts(path, header, *parts):
    with ScanWriter.open(path, header) as writer:
        for part in parts:
            writer.append(part)


def test_modes_and_mask_come_back(path, scan):
    read = read_scan(path)
    np.testing.assert_array_equal(read.probe_modes, scan.modes)
    np.testing.assert_array_equal(read.probe, scan.probe)
    assert np.argwhere(~read.good_pixels).tolist() == [[3, 4], [5, 6]]
    with h5py.File(path) as file:
        assert file["entry_1/instrument_1/detector_1/mask"].dtype == np.uint32
        assert file[LIGHT].shape == (3, 16, 16)


def test_a_scan_of_one_mode_has_one_and_every_pixel_is_good(tmp_path, scan):
    write_scan(tmp_path / "plain.cxi", replace(scan, modes=None, pixel_mask=None))
    read = read_scan(tmp_path / "plain.cxi")
    np.testing.assert_array_equal(read.probe_modes, scan.probe[None])
    assert read.good_pixels.all()
    with h5py.File(tmp_path / "plain.cxi") as file:
        assert file[LIGHT].shape == (16, 16)


def test_patterns_in_parts_make_the_same_bytes_as_all_at_once(tmp_path, path, scan):
    parts = np.split(scan.diffraction_counts, [16, 32, 48])
    write_parts(tmp_path / "parts.cxi", scan.header, *parts)
    assert sha256_of(tmp_path / "parts.cxi") == sha256_of(path)


def test_counts_beyond_16_bits_widen_what_was_written(tmp_path, scan):
    counts = scan.diffraction_counts.astype(np.uint32)
    counts[40, 1, 2] = 70_000
    write_parts(tmp_path / "bright.cxi", scan.header, *np.split(counts, [16, 32]))
    read = read_scan(tmp_path / "bright.cxi").diffraction_counts
    assert read.dtype == np.uint32
    np.testing.assert_array_equal(read, counts)
    with h5py.File(tmp_path / "bright.cxi") as file:
        assert file["entry_1/data_1/data"].shape == (50, 16, 16)
        assert "narrow" not in file["entry_1/instrument_1/detector_1"]


def test_a_scan_of_too_few_or_too_many_patterns_leaves_nothing(tmp_path, scan):
    counts = scan.diffraction_counts
    with pytest.raises(ValueError, match="Append all of them"):
        write_parts(tmp_path / "half.cxi", scan.header, counts[:7])
    with pytest.raises(ValueError, match=r"at most 43 more.*Give one pattern for each"):
        write_parts(tmp_path / "half.cxi", scan.header, counts[:7], counts)
    assert not list(tmp_path.iterdir())


def test_only_the_patterns_that_are_asked_for_come_in_their_order(path, scan):
    indices = np.array([49, 3, 3, 17, 0])
    part = read_scan(path, indices)
    np.testing.assert_array_equal(part.diffraction_counts, scan.diffraction_counts[indices])
    np.testing.assert_allclose(part.positions_px, scan.positions_px[indices])
    assert read_scan(path, np.array([], dtype=int)).diffraction_counts.shape == (0, 16, 16)
    for wrong in ([50], [-1]):
        with pytest.raises(ValueError, match="Make the view again"):
            read_scan(path, np.array(wrong))


def test_reading_some_patterns_takes_the_memory_of_some(tmp_path, scan):
    counts = np.zeros((2000, 16, 16), np.uint16)
    many = replace(scan, diffraction_counts=counts, positions_px=np.ones((2000, 2)))
    write_scan(tmp_path / "many.cxi", many)
    tracemalloc.start()
    read_scan(tmp_path / "many.cxi", np.arange(0, 2000, 100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < counts.nbytes / 2


def test_a_header_is_read_without_the_patterns(path, scan):
    header = read_scan_header(path)
    assert (len(header), header.n_px, header.provenance) == (50, 16, {"seed": 1})
    np.testing.assert_allclose(header.positions_px, scan.positions_px)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        (TRANSLATION, None, r"has no translations: the dataset .*translation is missing. Add it"),
        (ENERGY, None, r"has no photon energy: the dataset .*energy is missing. Add it"),
        (LIGHT, None, "has no illumination"),
        (COUNTS, None, "has no diffraction patterns"),
        (ENERGY, 7.0e9 * ELECTRONVOLT_J, "expected 1 eV to 200 keV.*not the machine's"),
        (ENERGY, 8000.0, "expected 1 eV to 200 keV"),
        (ENERGY, np.nan, "expected 1 eV to 200 keV"),
        (DISTANCE, -1.0, "expected a positive length"),
        (DISTANCE, np.inf, "expected a positive length"),
        (DISTANCE, 2000.0, r"from 0\.0001 to 1000 m\. Correct it in metres"),
        (PIXEL, 75.0, r"from 1e-07 to 0\.01 m\. Correct it in metres"),
        (TRANSLATION, np.zeros((49, 3)), "Write one translation for each pattern"),
        (TRANSLATION, np.full((50, 3), np.nan), "not finite. Repair them"),
        (LIGHT, np.full((16, 16), np.inf + 0j), "not finite. Repair them"),
        (COUNTS, np.full((50, 16, 16), -1), "down to -1.*Subtract the dark frame"),
        (COUNTS, np.full((50, 16, 16), np.nan), "not finite. Mask or repair"),
    ],
)
def test_what_no_instrument_measures_is_refused_with_its_cure(path, name, value, cure):
    spoil(path, name, value)
    with pytest.raises(ValueError, match=cure):
        read_scan(path)


def test_an_energy_in_kilo_electronvolts_is_understood(path):
    spoil(path, ENERGY, 8.0, units="keV")
    assert read_scan(path).geometry.energy_ev == pytest.approx(8000)
    spoil(path, ENERGY, 8.0, units="furlong")
    with pytest.raises(ValueError, match="in J, eV or keV"):
        read_scan(path)
