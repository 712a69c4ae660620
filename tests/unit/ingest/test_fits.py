"""Fits tell layout, orientation and pairing, and whether the values are counts."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from tasks.core.files.scan_file import write_scan
from tasks.core.physics.forward import back_propagate
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.ingest.checks.fit_checks import check_fit, is_bad
from tasks.ingest.checks.pattern_checks import check_zero_frequency
from tasks.ingest.stage import check_scan, moved_misfit_ratio
from tasks.orientation.fit_quality import FitQuality
from tasks.orientation.orientation_fits import OrientationFits, RefinedFit, likeness_of_twin
from tasks.orientation.orientations import AS_STATED, TWIN

DATA = "entry_1/instrument_1/detector_1/data"


@pytest.fixture
def check(tmp_path, scan, prepared):
    def make(options=None, change=None, **fields):
        path = tmp_path / "scan.cxi"
        write_scan(path, replace(scan, **fields))
        if change is not None:
            with h5py.File(path, "a") as file:
                values = change(file[DATA][()].astype(np.float64))
                del file[DATA]
                file[DATA] = values
        return check_scan(prepared(path, **(options or {})))

    return make


def of(checks, code):
    return [one for one in checks.findings if one.code == code]


@pytest.mark.parametrize("shift", [-1, 1, 2])
def test_patterns_that_are_paired_off_are_named_with_the_shift_that_fits(check, scan, shift):
    counts = np.roll(scan.diffraction_counts, -shift, axis=0)
    (found,) = of(check(diffraction_counts=counts), "pairing")
    when = "later" if shift > 0 else "earlier"
    assert f"{abs(shift)} exposure{'s' if abs(shift) > 1 else ''} {when}" in found.message
    assert found.severity.value == "error"


def test_a_pattern_lost_in_the_middle_shifts_the_later_ones_alone(check, scan):
    counts = scan.diffraction_counts
    lost = np.concatenate([counts[:50], counts[51:], counts[-1:]])
    (found,) = of(check(diffraction_counts=lost), "pairing")
    assert "patterns 67 to 99 fit the positions of 1 exposure later" in found.message
    assert "patterns 0 to" not in found.message


@pytest.mark.parametrize("decimals", [1, 2])
def test_rounded_decimals_are_no_counts(check, scan, decimals):
    monitor = np.random.default_rng(5).uniform(0.8, 1.2, len(scan))[:, None, None]
    found = check(change=lambda counts: np.round(counts * monitor, decimals))
    (told,) = of(found, "no_counts")
    assert "--patterns.photons-per-unit 1" in told.cure or decimals == 1
    assert not of(found, "dead_pixels")
    given = check({"patterns": {"photons_per_unit": 1.0}}, lambda c: np.round(c * monitor, 2))
    assert not of(given, "no_counts")


def test_restored_counts_are_counts(check):
    assert not of(check(change=lambda counts: counts * 0.0127), "no_counts")


@pytest.mark.parametrize("given", [{"photons_per_pattern": 5e3}, {"photons_per_unit": 3.0}])
def test_amplitudes_are_named_also_where_a_scale_was_given(check, given):
    found = check({"patterns": given}, change=np.sqrt)
    assert of(found, "amplitudes")
    assert found.verdict == "refused"


def test_positions_that_are_wrong_are_no_good_scan(check, scan):
    rng = np.random.default_rng(6)
    wrong = scan.positions_px + rng.normal(0, 4, scan.positions_px.shape)
    assert of(check(positions_px=wrong), "misfit")


@pytest.mark.parametrize(
    ("dispersion", "unexplained", "code"),
    [(1.7, 0.9, "fit"), (20.0, 0.1, "fit"), (8.0, 0.8, "misfit")],
)
def test_a_misfit_is_bad_by_noise_and_by_what_it_leaves_open(dispersion, unexplained, code):
    quality = FitQuality(dispersion, unexplained)
    assert check_fit(quality, None, is_explained=False).code == code
    assert is_bad(quality) is (code == "misfit")
    assert check_fit(quality, None, is_explained=True).code == "fit"
    named = check_fit(quality, ("scaled by 0.9", 1.4), is_explained=False)
    assert "scaled by 0.9 fit 1.40 times better" in named.message


def ring_scan(scan, weak=0.05):
    """Return counts and probe of a bright field that is dark in its middle."""
    y, x = np.indices((32, 32)) - 16
    radius = np.hypot(y, x) / 32
    pupil = ((radius < 0.46) & (radius > 0.25)) * np.exp(40j * radius**2)
    probe = np.fft.fftshift(back_propagate(pupil))
    probe *= 1e3 / np.sqrt(np.sum(np.abs(probe) ** 2))
    rng = np.random.default_rng(7)
    sample = np.exp(1j * weak * rng.standard_normal((160, 160)))
    corners = np.rint(scan.positions_px - scan.positions_px.min(axis=0)).astype(int)
    waves = np.array([probe * sample[i : i + 32, j : j + 32] for i, j in corners])
    far = np.fft.fftshift(np.fft.fft2(waves, norm="ortho"), axes=(1, 2))
    return rng.poisson(np.abs(far) ** 2).astype(np.uint32), probe


@pytest.mark.parametrize("stored", ["centre", "corner"])
@pytest.mark.parametrize("stated", ["centre", "corner"])
@pytest.mark.parametrize("origin", ["scan", "estimated"])
def test_a_dark_middle_is_no_corner(tmp_path, scan, prepared, stored, stated, origin):
    counts, probe = ring_scan(scan)
    if stored == "corner":
        counts = np.fft.ifftshift(counts, axes=(1, 2))
    positions = np.rint(scan.positions_px)
    write_scan(
        tmp_path / "ring.cxi",
        replace(scan, diffraction_counts=counts, probe=probe, positions_px=positions),
    )
    options = {"patterns": {"zero_frequency": stated}, "probe": {"origin": origin}}
    found = prepared(tmp_path / "ring.cxi", **options)
    severities = [
        one.severity.value for one in check_zero_frequency(found, moved_misfit_ratio(found))
    ]
    wrong = "error" if origin == "scan" else "warning"
    assert severities == ([] if stored == stated else [wrong])


def test_a_probe_in_focus_is_its_own_twin():
    y, x = np.indices((32, 32)) - 16
    in_focus = np.exp(-(y**2 + x**2) / 20.0)
    assert likeness_of_twin(in_focus) == pytest.approx(1.0, abs=1e-6)
    assert likeness_of_twin(np.roll(in_focus, (3, 2), (0, 1))) == pytest.approx(1.0, abs=1e-6)
    assert likeness_of_twin(defocused_zone_plate_probe(32, 0.6, 0.2, 12.0)) < 0.5


@pytest.mark.parametrize(
    ("misfits", "likeness", "verdict"),
    [
        ({AS_STATED: 1.0, TWIN: 0.8, "y negated": 1.5}, 0.95, "undecided"),
        ({AS_STATED: 1.0, TWIN: 0.8, "y negated": 1.5}, 0.3, TWIN),
        ({AS_STATED: 1.0, TWIN: 1.2, "y negated": 1.5}, 0.95, AS_STATED),
        ({AS_STATED: 1.0, TWIN: 0.9, "y negated": 0.5}, 0.95, "y negated"),
    ],
)
def test_a_twin_is_preferred_only_where_the_probe_tells_it(misfits, likeness, verdict):
    field = np.ones((2, 2), np.complex64)
    fits = {name: RefinedFit(value, 1.0, field, field, field) for name, value in misfits.items()}
    assert OrientationFits(fits, True, 49, likeness).verdict == verdict
