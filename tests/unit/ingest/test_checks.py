"""The checks name what is wrong, with its cure, and leave good scans alone."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.core.files.scan_file import write_scan
from tasks.ingest.checks import checks_record, refuse_errors
from tasks.ingest.checks.scan_checks import turned_options
from tasks.ingest.params import PositionsParams
from tasks.ingest.stage import check_scan
from tasks.orientation.orientations import AS_STATED, ORIENTATIONS


@pytest.fixture
def check(tmp_path, scan, prepared):
    """Write the scan with other fields, prepare and check it."""

    def make(options=None, **fields):
        write_scan(tmp_path / "scan.cxi", replace(scan, **fields))
        return check_scan(prepared(tmp_path / "scan.cxi", **(options or {})))

    return make


def codes(checks, severity=None):
    return {f.code for f in checks.findings if severity in (None, f.severity.value)}


def test_a_good_scan_is_good(check):
    found = check()
    assert not codes(found, "warning")
    assert found.verdict == "good"
    told = next(one for one in found.findings if one.code == "regions")
    assert "A run will have no MS-SSIM" in told.message
    assert found.orientations.verdict == AS_STATED
    assert codes(found) == {"overlap", "light", "orientation", "counts", "regions", "fit"}


@pytest.mark.parametrize("turn", ["y and x swapped", "y negated", "a quarter turn"])
def test_wrong_axes_are_named_with_the_options_that_cure_them(
    check, scan, prepared, tmp_path, turn
):
    matrix = np.asarray(ORIENTATIONS[turn].matrix)
    oriented = scan.positions_px @ np.linalg.inv(matrix).T
    found = check(positions_px=oriented)
    assert found.verdict == "refused"
    (error,) = [f for f in found.findings if f.severity.value == "error"]
    assert (error.code, f"better with {turn}" in error.message) == ("orientation", True)
    cure = turned_options(PositionsParams(), turn)
    assert error.cure.startswith(cure)
    # Following the cure makes it right.
    options = [word.removeprefix("--positions.") for word in cure.split()[1:]]
    positions = {option.replace("-", "_"): True for option in options}
    assert check({"positions": positions}, positions_px=oriented).verdict == "good"


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("negate_y", [False, True])
@pytest.mark.parametrize("negate_x", [False, True])
@pytest.mark.parametrize("turn", ORIENTATIONS)
def test_a_cure_goes_on_from_the_options_that_were_given(swap, negate_y, negate_x, turn):
    def matrix(swap, negate_y, negate_x):
        signs = np.diag([1 - 2 * negate_y, 1 - 2 * negate_x])
        return signs @ (np.eye(2)[::-1] if swap else np.eye(2))

    asked = PositionsParams(swap=swap, negate_y=negate_y, negate_x=negate_x)
    text = turned_options(asked, turn)
    given = text.startswith("Give")
    chosen = [given and f"--positions.{name}" in text for name in ("swap", "negate-y", "negate-x")]
    wanted = np.asarray(ORIENTATIONS[turn].matrix) @ matrix(swap, negate_y, negate_x)
    np.testing.assert_array_equal(matrix(*chosen), wanted)


def test_amplitudes_given_as_intensities_are_named(check, scan):
    roots = np.rint(np.sqrt(scan.diffraction_counts)).astype(np.uint16)
    found = check(diffraction_counts=roots)
    assert "amplitudes" in codes(found, "error")
    with pytest.raises(ValueError, match=r"--patterns\.values amplitude"):
        refuse_errors(found.findings, ())


def test_a_zero_frequency_in_the_corner_is_named(check, scan):
    found = check(diffraction_counts=np.fft.ifftshift(scan.diffraction_counts, axes=(1, 2)))
    with pytest.raises(ValueError, match=r"--patterns\.zero-frequency corner"):
        refuse_errors(found.findings, ())


def test_a_scan_without_overlap_is_refused(check, scan):
    found = check(positions_px=scan.positions_px * 5)
    assert "no_overlap" in codes(found, "error")


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_positions_in_another_unit_are_named(check, scan, factor):
    found = check(positions_px=scan.positions_px * factor + 100)
    with pytest.raises(ValueError, match=r"--positions\.unit"):
        refuse_errors(found.findings, ())


def test_positions_on_a_line_span_no_area(check, scan):
    positions = scan.positions_px.copy()
    positions[:, 0] = 100.0
    assert "no_area" in codes(check(positions_px=positions), "error")


def test_a_probe_of_another_scan_is_suspect(check, scan):
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((32, 32)) + 1j * rng.standard_normal((32, 32))
    found = check({"check_orientation": False}, probe=noise)
    assert {"probe_unlike", "probe_cut_off"} <= codes(found, "warning")


def test_drift_of_light_and_beam_is_told(check, scan):
    fading = np.linspace(1.0, 0.5, len(scan))[:, None, None]
    counts = np.rint(scan.diffraction_counts * fading).astype(np.uint16)
    counts[60:] = np.roll(counts[60:], 3, axis=2)
    found = check({"check_orientation": False}, diffraction_counts=counts)
    assert {"light_drift", "beam_drift"} <= codes(found, "warning")


def test_units_of_a_converter_are_told_from_photons(check, scan):
    found = check({"check_orientation": False}, diffraction_counts=scan.diffraction_counts * 7)
    cures = [f.cure for f in found.findings if f.code == "multiples"]
    assert cures == ["Give --patterns.photons-per-unit 0.142857 if 7 units are one photon."]


def test_a_flat_background_is_told(check, scan):
    counts = scan.diffraction_counts + np.uint16(2)
    found = check({"check_orientation": False}, diffraction_counts=counts)
    assert "background" in codes(found, "warning")


def test_an_error_is_accepted_by_name_alone(check, scan):
    found = check(positions_px=scan.positions_px * 5)
    with pytest.raises(ValueError, match="--accept no_overlap"):
        refuse_errors(found.findings, ("near_field",))
    refuse_errors(found.findings, ("no_overlap",))


def test_without_a_probe_the_orientation_is_found_up_to_its_twin(check, scan):
    found = check({"probe": {"origin": "estimated"}})
    assert found.verdict == "usable"
    assert not found.orientations.twins_known
    assert found.orientations.verdict == AS_STATED


def test_the_record_is_json_that_names_every_finding(check, prepared, tmp_path):
    found = check()
    record = checks_record(prepared(tmp_path / "scan.cxi"), found)
    assert record["verdict"] == "good"
    assert [f["code"] for f in record["findings"]] == [f.code for f in found.findings]
    assert record["orientation"]["misfit_ratio"] > 1.05


def test_the_measured_near_field_scan_is_refused_for_far_field(measured, prepared):
    found = check_scan(prepared(measured("near_field_p25.cxi")))
    assert codes(found, "error") == {"near_field"}
    with pytest.raises(ValueError, match=r"near-field images.*Fresnel"):
        refuse_errors(found.findings, ())
