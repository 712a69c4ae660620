"""Spatial intervals of scores as the comparison makes them: how often they hold the mean delta."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tasks.compare.evaluator import scores_of
from tasks.compare.reference_object import ReferenceObject
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.paired_scores import DeltaKey, PairedScores, estimate_delta

N_TRIALS = 500
# The usual region, and errors over three pixels, longer than those of real reconstructions.
SIDE_PX, SIGMA_PX = 195, 2
SPREADS = {"PtychoPINN": 0.08, "Baseline": 0.06}
KEY = ComparisonKey(1000, "dense", "test", 1)
METRICS = ("ms_ssim", "ssim", "mae", "mse", "psnr")
PARTS = ("amplitude", "phase")


def smooth_field(rng, sigma_px):
    """Return a Gaussian random field of spread 1."""
    margin = 4 * sigma_px
    white = rng.standard_normal((SIDE_PX + 2 * margin,) * 2)
    inner = gaussian_filter(white, sigma_px, mode="wrap")[margin:-margin, margin:-margin]
    return inner * 2 * np.sqrt(np.pi) * sigma_px


def complex_field(rng):
    return smooth_field(rng, SIGMA_PX) + 1j * smooth_field(rng, SIGMA_PX)


@pytest.fixture
def reference(rng):
    amplitude = np.clip(1 + 0.15 * smooth_field(rng, 6), 0.4, 1.6)
    whole = slice(0, SIDE_PX)
    return ReferenceObject(
        amplitude * np.exp(0.3j * smooth_field(rng, 6)),
        np.ones((SIDE_PX, SIDE_PX), dtype=bool),
        (whole, whole),
    )


def scores(rng, reference):
    """Return scores and pseudo-values of two arms whose errors are alike in part."""
    common = 0.6 * complex_field(rng)
    table, blocks = {}, {}
    for model, spread in SPREADS.items():
        error = spread * (common + 0.8 * complex_field(rng))
        found = scores_of(reference.pairs(reference.object_ + error))
        for metric in METRICS:
            for part in PARTS:
                table[model, metric, part] = found[metric, part].value
                blocks[model, metric, part] = dict(enumerate(found[metric, part].blocks))
    return PairedScores({KEY: table}, {KEY: blocks})


@pytest.mark.slow
def test_spatial_intervals_of_real_scores_hold_the_mean_delta(rng, reference):
    wanted_deltas = [DeltaKey("Baseline", metric, part) for metric in METRICS for part in PARTS]
    deltas, half_widths = np.zeros((2, N_TRIALS, len(wanted_deltas)))
    for trial in range(N_TRIALS):
        tables = scores(rng, reference)
        for place, wanted in enumerate(wanted_deltas):
            found = estimate_delta(tables, wanted)
            deltas[trial, place] = found.estimate
            half_widths[trial, place] = found.interval.half_width
    # The mean over the trials is the truth to a twentieth of a single delta's spread.
    coverage = np.mean(np.abs(deltas - deltas.mean(axis=0)) <= half_widths, axis=0)
    names = [f"{wanted.metric} {wanted.part}" for wanted in wanted_deltas]
    found = dict(zip(names, coverage.tolist(), strict=True))
    # The truth is one and the same, and its structure differs from block to block: that widens
    # intervals of similarities beyond what the errors alone would ask for.
    assert {name: share for name, share in found.items() if not 0.90 <= share <= 0.985} == {}
