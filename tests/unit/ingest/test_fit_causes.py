"""A misfit is put down to pairing, partial coherence or single positions by what cures it."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.fft
from scipy import ndimage

from tasks.core.files.scan_file import write_scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.ingest.checks.fit_checks import MUCH_UNEXPLAINED, check_fit
from tasks.ingest.preparation.pairing import find_pairings
from tasks.ingest.stage import check_scan
from tasks.orientation.fit_causes import Cause, other_causes
from tasks.orientation.fit_quality import FitQuality
from tasks.orientation.orientation_fits import fit_with_probe

N_PX, PHOTONS = 32, 2e5
GOOD = np.ones((N_PX, N_PX), dtype=bool)


def bright_scan(seed, vibration_px=0.0, side=9, step_px=4.0):
    """Return counts, positions and probe of a strong sample, the probe vibrating along x."""
    rng = np.random.default_rng(seed)
    positions = np.rint(jittered_raster(side, side, step_px, 1.0, rng))
    positions -= positions.min(axis=0)
    probe = defocused_zone_plate_probe(N_PX, 0.6, 0.2, 6.0)
    probe *= np.sqrt(PHOTONS / np.sum(np.abs(probe) ** 2))
    sides = positions.max(axis=0).astype(int) + N_PX
    phase = ndimage.gaussian_filter(rng.standard_normal(tuple(sides)), 1.5)
    sample = np.exp(1j * phase / phase.std())
    columns = scipy.fft.fftfreq(N_PX)
    intensity = 0.0
    for away in np.linspace(-vibration_px, vibration_px, 5):
        turn = np.exp(-2j * np.pi * columns * away)
        moved = np.fft.ifft2(np.fft.fft2(probe) * turn)
        waves = [moved * sample[y : y + N_PX, x : x + N_PX] for y, x in positions.astype(int)]
        far = np.fft.fftshift(np.fft.fft2(np.array(waves), norm="ortho"), axes=(1, 2))
        intensity = intensity + np.abs(far) ** 2 / 5
    return rng.poisson(intensity), positions, probe


def causes_of(counts, positions, probe):
    fit = fit_with_probe(counts, positions, probe, GOOD)
    return other_causes(counts, positions, fit, GOOD)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_right_scan_has_neither_cause(seed):
    assert not causes_of(*bright_scan(seed))


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_vibration_is_cured_by_a_second_mode(seed):
    causes = causes_of(*bright_scan(seed, vibration_px=3.0))
    assert causes[0].name == "modes"
    assert causes[0].unexplained < MUCH_UNEXPLAINED


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_wrong_positions_are_cured_by_moves_of_their_length(seed):
    counts, positions, probe = bright_scan(seed)
    errors = np.random.default_rng(seed).normal(0, 1.2, positions.shape)
    causes = causes_of(counts, positions + errors, probe)
    assert causes[0].name == "moves"
    assert causes[0].unexplained < MUCH_UNEXPLAINED
    assert causes[0].moved_px == pytest.approx(np.median(np.hypot(*errors.T)), rel=0.3)


def test_masked_pixels_say_nothing():
    counts, positions, probe = bright_scan(7)
    good = GOOD.copy()
    good[10:13] = False
    counts[:, ~good] = 10**6
    fit = fit_with_probe(counts, positions, probe, good)
    assert not other_causes(counts, positions, fit, good)


@pytest.mark.parametrize(
    ("others", "said", "cure"),
    [
        ((Cause("moves", 3.0, 0.1, 1.4),), "move by 1.4 px", "Single positions are wrong"),
        ((Cause("modes", 1.5, 0.3),), "1.50 times lower, and 30%", "--probe.n-modes 3"),
        (
            (Cause("modes", 1.5, 0.8), Cause("moves", 1.2, 0.4, 0.5)),
            "80% are left",
            "Single positions are wrong",
        ),
        (
            (Cause("modes", 1.5, 0.3), Cause("moves", 1.4, 0.4, 0.5)),
            "40% are left",
            "give --probe.n-modes 3. Or: Single positions are wrong",
        ),
        ((Cause("modes", 1.2, 0.9),), "90% are left", "nor does a second mode"),
        ((), "left unexplained.", "nor does a second mode"),
    ],
)
def test_the_finding_names_what_cures(others, said, cure):
    told = check_fit(FitQuality(8.0, 0.8), None, is_explained=False, others=others)
    assert told.code == "misfit"
    assert said in told.message
    assert cure in told.cure


def test_a_check_names_positions_that_are_wrong_one_by_one(tmp_path, scan, prepared):
    counts, positions, probe = bright_scan(7)
    errors = np.random.default_rng(7).normal(0, 1.5, positions.shape)
    made = replace(
        scan,
        diffraction_counts=counts.astype(np.uint32),
        positions_px=positions + errors + N_PX,
        probe=probe,
        modes=None,
        pixel_mask=None,
    )
    write_scan(tmp_path / "wrong.cxi", made)
    (told,) = [
        one for one in check_scan(prepared(tmp_path / "wrong.cxi")).findings if one.code == "misfit"
    ]
    assert "Single positions are wrong" in told.cure


@pytest.mark.parametrize(("shift", "error_px"), [(-2, 0.5), (1, 0.5), (0, 0.5), (0, 2.0)])
def test_exposures_far_from_the_next_show_the_shift_that_is_there(
    tmp_path, scan, prepared, shift, error_px
):
    counts, positions, probe = bright_scan(7, side=18, step_px=5.0)
    rng = np.random.default_rng(7)
    order = np.concatenate([rng.permutation(block) for block in np.array_split(np.arange(324), 3)])
    made = replace(
        scan,
        diffraction_counts=np.roll(counts[order], -shift, axis=0).astype(np.uint32),
        positions_px=positions[order] + rng.normal(0, error_px, positions.shape) + N_PX,
        probe=probe,
        modes=None,
        pixel_mask=None,
    )
    write_scan(tmp_path / "far.cxi", made)
    found = find_pairings(prepared(tmp_path / "far.cxi"), probe)
    assert [one.shift for one in found] == [shift] * (3 if shift else 0)
