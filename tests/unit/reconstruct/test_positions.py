"""What tells of wrong positions: misfits beside them, single steps, and the smooth field."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.objects import ObjectParams, make_object
from tasks.core.physics.forward import propagate
from tasks.core.physics.probe import defocused_zone_plate_probe, incoherent_modes
from tasks.reconstruct.positions.pattern_fit import Estimate, PatternFit
from tasks.reconstruct.positions.smooth_field import SmoothField, find_field, single_steps

N_PX = 32
SPACING_PX = 12.0


@pytest.fixture
def made(rng):
    """A scan without noise at positions between pixels, and the object and modes that made it."""
    positions = jittered_raster(7, 7, 5.0, 1.0, rng) + 40.0
    modes = 1e3 * incoherent_modes(defocused_zone_plate_probe(N_PX, 0.4, 0.3, 4.0), 2, 0.2)
    # No light at the rim, where a probe that moves would come in again at the other side.
    axis = np.arange(N_PX) - N_PX // 2
    modes = modes * np.exp(-(axis[:, None] ** 2 + axis**2) / 72.0)
    object_ = make_object(ObjectParams(), (110, 110), rng)
    estimate = Estimate(object_.astype(np.complex64), np.zeros(2), modes.astype(np.complex64))
    fit = PatternFit(np.ones((len(positions), N_PX, N_PX), np.float32), np.ones((N_PX, N_PX)))
    counts = np.stack([intensity_at(estimate, place) for place in positions])
    scan = Scan(counts, positions, modes[0], Geometry(8000.0, 2.0, 75e-6), {}, modes=modes)
    return scan, estimate, fit


def intensity_at(estimate, place):
    """Return a pattern by the definition: the probe moved by Fourier's shift, and propagated."""
    nearest = np.round(place).astype(int)
    corner = nearest - N_PX // 2
    patch = estimate.object_[corner[0] : corner[0] + N_PX, corner[1] : corner[1] + N_PX]
    frequency = np.fft.fftfreq(N_PX)
    ramp = np.exp(-2j * np.pi * frequency[:, None] * (place - nearest)[0])
    ramp = ramp * np.exp(-2j * np.pi * frequency[None] * (place - nearest)[1])
    probes = np.fft.ifft2(np.fft.fft2(estimate.modes) * ramp)
    return np.sum(np.abs(propagate(probes * patch)) ** 2, axis=0)


def test_a_pattern_without_noise_has_no_misfit_where_it_was_taken(made):
    scan, estimate, _ = made
    fit = PatternFit.of(scan)
    none = np.zeros((1, 2), dtype=np.intp)
    misfits = fit.misfits_beside(estimate, scan.positions_px, none)[:, 0]
    assert np.all(misfits < 1e-6 * fit.photons)


def test_a_position_off_by_whole_pixels_is_found_on_the_grid(made):
    scan, estimate, _ = made
    wrong = scan.positions_px + np.array([2.0, -1.0])
    offsets = np.array([(y, x) for y in (-2, -1, 0, 1) for x in (-1, 0, 1, 2)])
    misfits = PatternFit.of(scan).misfits_beside(estimate, wrong, offsets)
    assert np.all(offsets[misfits.argmin(axis=1)] == (-2, 1))


def test_single_steps_lead_to_where_patterns_were_taken(made, rng):
    scan, estimate, _ = made
    fit, at = PatternFit.of(scan), scan.positions_px + rng.normal(0, 0.4, scan.positions_px.shape)
    for _ in range(8):
        at = at + np.clip(single_steps(fit.equations(estimate, at)), -0.5, 0.5)
    assert np.sqrt(np.mean((at - scan.positions_px) ** 2)) < 0.02


def test_the_slope_is_that_of_the_misfit(made):
    """Of an object without sharp edges, whose derivative is one between pixels too."""
    scan, estimate, _ = made
    smooth = gaussian_filter(estimate.object_, 2.0, mode="wrap").astype(np.complex64)
    estimate = replace(estimate, object_=smooth)
    fit, at = PatternFit.of(scan), scan.positions_px
    slope = fit.equations(estimate, at).slope[:, :2]
    step = 0.1
    for axis in np.eye(2):
        ends = [at + sign * step * axis for sign in (1, -1)]
        misfits = [fit.equations(estimate, end).misfits for end in ends]
        # Half the misfit is what Gauss and Newton lower, against its slope.
        measured = -(misfits[0] - misfits[1]) / (2 * step) / 2
        # Where the nearest pixel changes, so does the patch.
        stays = np.all(np.round(ends[0]) == np.round(ends[1]), axis=1)
        difference = measured[stays] - (slope @ axis)[stays]
        assert np.linalg.norm(difference) < 0.1 * np.linalg.norm(measured[stays])


def test_a_common_scale_is_seen_as_the_strain_of_all_patterns(made):
    scan, estimate, _ = made
    grown = 0.01
    middle = scan.positions_px.mean(axis=0)
    wrong = scan.positions_px + grown * (scan.positions_px - middle)
    # An object made at these positions is stretched with them.
    field = SmoothField(
        scan.positions_px.min(axis=0),
        np.ptp(scan.positions_px, axis=0),
        np.zeros((0, 2), dtype=np.intp),
        grown * np.eye(2),
    ).without_shift(scan.positions_px)
    stretched = field.carry(estimate)
    found, _ = find_field(
        PatternFit.of(scan).equations(stretched, wrong), wrong, spacing_px=SPACING_PX
    )
    moved = found.at(wrong) - found.at(wrong).mean(axis=0)
    asked = scan.positions_px - wrong
    asked -= asked.mean(axis=0)
    assert np.linalg.norm(moved - asked) < 0.35 * np.linalg.norm(asked)


def test_masked_pixels_say_nothing(made):
    scan, estimate, _ = made
    mask = np.zeros((N_PX, N_PX), dtype=bool)
    mask[10:14] = True
    spoilt = scan.diffraction_counts.copy()
    spoilt[:, 10:14] = 1e6
    masked = replace(scan, diffraction_counts=spoilt, pixel_mask=mask)
    none = np.zeros((1, 2), dtype=np.intp)
    fit = PatternFit.of(masked)
    assert np.all(
        fit.misfits_beside(estimate, scan.positions_px, none) < 1e-6 * fit.photons[:, None]
    )
