"""A folder of TIFFs is a scan, a raster that no file has gives its positions."""

import numpy as np
import pytest
import tifffile
from pydantic import ValidationError

from flows.params.measured import confined_file
from tasks.ingest.__main__ import main
from tasks.ingest.checks.statement_checks import check_statements
from tasks.ingest.params import IngestParams
from tasks.ingest.raster import read_raster
from tasks.ingest.resolved_scan import open_scan

GEOMETRY = {"energy_ev": 8000.0, "distance_m": 1.0, "detector_pixel_m": 75e-6}


@pytest.fixture
def folder(tmp_path, scan):
    """Write a folder of TIFFs whose numbers have no leading zeros."""

    def write(numbers=range(100), name="scan_0041_{}.tif", **options):
        path = tmp_path / "frames"
        path.mkdir()
        for number in numbers:
            tifffile.imwrite(path / name.format(number), scan.diffraction_counts[number], **options)
        (path / "notes.txt").write_text("no pattern")
        return path

    return write


def opened(path, **options):
    return open_scan(path, IngestParams.model_validate({"file": path, **GEOMETRY, **options}))


def raster(text, moves="probe"):
    return {"positions": {"raster": text, "moves": moves}}


def test_the_files_are_in_the_order_of_their_numbers(folder, scan):
    found = opened(folder(), **raster("10x10,0.5um"))
    np.testing.assert_array_equal(found.patterns.read(0, 100), scan.diffraction_counts)
    np.testing.assert_array_equal(found.patterns.read(7, 12), scan.diffraction_counts[7:12])
    assert found.format == "tiff"
    np.testing.assert_allclose(found.positions[11], [0.5e-6, 0.5e-6])
    np.testing.assert_allclose(found.positions[19], [0.5e-6, 4.5e-6])


def test_missing_numbers_are_said_and_keep_their_places(folder, scan, prepared):
    numbers = [n for n in range(100) if n not in (17, 60)]
    path = folder(numbers)
    found = prepared(path, **GEOMETRY, **raster("10x10,0.5um"))
    np.testing.assert_array_equal(found.scan.patterns.read(0, 98), scan.diffraction_counts[numbers])
    np.testing.assert_allclose(found.scan.positions[17], [0.5e-6, 4e-6])
    (told,) = [one for one in check_statements(found) if one.code == "missing_files"]
    assert "2 numbers of the series have no file, the first: 17, 60" in told.message


def test_times_are_in_order_and_none_of_them_is_missing(folder):
    found = opened(folder(range(0, 100, 11), "t_20261201093015123{:02d}.tif"), **raster("2x5,1um"))
    assert found.missing_numbers == ()
    assert len(found) == 10


def test_positions_of_each_number_or_of_each_file_are_taken(folder, tmp_path, scan):
    numbers = np.delete(np.arange(100), [17, 60])
    path = folder(numbers)
    stated = {"file": tmp_path / "positions.npy", "unit": "px", "order": "yx", "moves": "probe"}
    for rows in (scan.positions_px, scan.positions_px[numbers]):
        np.save(stated["file"], rows)
        found = opened(path, positions=stated)
        np.testing.assert_allclose(found.positions, scan.positions_px[numbers])


@pytest.mark.parametrize(
    ("numbers", "options", "name", "said"),
    [
        ([3], {}, "s_{}.tif", "folder with 1 TIFFs, expected one for each pattern"),
        (range(9), {"photometric": "rgb"}, "s_{}.tif", "expected a single grey one"),
        (range(9), {}, "{}_of_no_scan_{}.tif", ""),
    ],
)
def test_a_folder_that_is_no_series_is_refused(folder, tmp_path, numbers, options, name, said):
    if options:
        path = tmp_path / "frames"
        path.mkdir()
        for number in numbers:
            colours = np.ones((32, 32, 3), np.uint8)
            tifffile.imwrite(path / f"s_{number}.tif", colours, **options)
    elif said:
        path = folder(numbers, name)
    else:
        path = folder(numbers)
        tifffile.imwrite(path / "dark.tif", np.ones((32, 32), np.uint16))
        said = "names differ in more than a number, such as dark.tif"
    with pytest.raises(ValueError, match=said):
        opened(path, **raster("3x3,1um"))


def test_a_link_out_of_the_folder_and_a_file_of_another_size_are_refused(folder, tmp_path):
    path = folder(range(9))
    tifffile.imwrite(path / "scan_0041_9.tif", np.ones((30, 30), np.uint16))
    with pytest.raises(ValueError, match=r"scan_0041_9\.tif has pages of shape \(1, 30, 30\)"):
        opened(path, **raster("2x5,1um")).patterns.read(0, 10)
    (path / "scan_0041_9.tif").unlink()
    tifffile.imwrite(tmp_path / "outside.tif", np.ones((32, 32), np.uint16))
    (path / "scan_0041_9.tif").symlink_to(tmp_path / "outside.tif")
    with pytest.raises(ValueError, match="leads out of"):
        opened(path, **raster("2x5,1um"))


def test_a_folder_is_known_by_all_of_its_files(folder, scan):
    path = folder(range(9))
    before = IngestParams(file=path).file_sha256
    tifffile.imwrite(path / "scan_0041_4.tif", scan.diffraction_counts[50])
    assert IngestParams(file=path).file_sha256 != before
    assert confined_file("frames", path.parent) == path.resolve()


def test_a_single_page_names_the_folder(folder):
    path = folder(range(9)) / "scan_0041_4.tif"
    with pytest.raises(ValueError, match="Name the folder if it holds one TIFF for each"):
        opened(path)


@pytest.mark.parametrize(
    ("text", "second_row", "unit"),
    [
        ("2x3,0.5um", [[0.5, 0.0], [0.5, 0.5], [0.5, 1.0]], "um"),
        ("2x3,0.5um,snake", [[0.5, 1.0], [0.5, 0.5], [0.5, 0.0]], "um"),
        ("2x3,0.5x4e-1 nm", [[0.5, 0.0], [0.5, 0.4], [0.5, 0.8]], "nm"),
        ("2x3,7px", [[7, 0], [7, 7], [7, 14]], "px"),
    ],
)
def test_a_raster_is_read(text, second_row, unit):
    found = read_raster(text).positions("probe", 6)
    np.testing.assert_allclose(found.values[3:], second_row)
    assert found.unit == unit


@pytest.mark.parametrize(
    "text", ["10x10", "10x10,0.5", "10,10,1um", "0x9,1um", "3x3,0um", "3x3,1s"]
)
def test_a_raster_that_is_written_otherwise_is_refused(text):
    with pytest.raises(ValidationError, match=r"--positions\.raster is .*expected"):
        IngestParams.model_validate({"file": __file__, **raster(text)})


def test_a_raster_of_another_number_and_one_that_nobody_moves_are_refused(folder):
    path = folder(range(9))
    with pytest.raises(ValueError, match="3 rows of 4 positions, 12 in all, but the scan has 9"):
        opened(path, **raster("3x4,1um"))
    with pytest.raises(ValueError, match=r"Give --positions\.moves sample or probe"):
        opened(path, positions={"raster": "3x3,1um"})


def test_a_raster_in_place_of_the_positions_of_a_file(written):
    path, _ = written("cxi")
    found = open_scan(path, IngestParams.model_validate({"file": path, **raster("10x10,2px")}))
    assert not found.in_metres
    np.testing.assert_allclose(found.positions[[1, 10]], [[0, 2], [2, 0]])


def test_the_command_line_checks_a_folder(folder, tmp_path, capsys):
    words = [f"--{name.replace('_', '-')}={value}" for name, value in GEOMETRY.items()]
    words += ["--positions.raster", "10x10,5px", "--positions.moves", "probe"]
    out = ["--out", str(tmp_path / "checks"), "--check-orientation=false"]
    assert main(["check", str(folder()), *words, *out]) in (0, 1)
    assert "100 positions span" in capsys.readouterr().out
