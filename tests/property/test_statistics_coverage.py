"""How often intervals hold the truth: errors of known mean, over many trials."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.paired_scores import DeltaKey, PairedScores, estimate_delta

N_TRIALS = 600
SIDE_PX, GRID = 180, 3
SPREADS = {"PtychoPINN": 0.05, "Baseline": 0.04}
# Mean absolute value of a normal number of spread 1.
MEAN_ABS = np.sqrt(2 / np.pi)
TRUE_DELTA = (SPREADS["PtychoPINN"] - SPREADS["Baseline"]) * MEAN_ABS
WANTED = DeltaKey("Baseline", "mae", "amplitude")


def smooth_field(rng, sigma_px):
    """Return a Gaussian random field of spread 1, correlated over about 2 sigma."""
    margin = 4 * sigma_px
    white = rng.standard_normal((SIDE_PX + 2 * margin,) * 2)
    inner = gaussian_filter(white, sigma_px, mode="wrap")[margin:-margin, margin:-margin]
    return inner * 2 * np.sqrt(np.pi) * sigma_px


def block_means(error):
    """Return the MAE of each of nine blocks of one size: their own pseudo-values."""
    side = SIDE_PX // GRID
    blocks = np.abs(error).reshape(GRID, side, GRID, side)
    return blocks.mean(axis=(1, 3)).ravel()


def arms(rng, sigma_px, common):
    """Return the pseudo-values of two arms whose errors are alike in part, as real ones are."""
    own_share = np.sqrt(1 - 0.6**2)
    return {
        (model, "mae", "amplitude"): dict(
            enumerate(
                block_means(spread * (0.6 * common + own_share * smooth_field(rng, sigma_px)))
            )
        )
        for model, spread in SPREADS.items()
    }


def scores(images):
    tables = {
        key: {name: float(np.mean(list(values.values()))) for name, values in blocks.items()}
        for key, blocks in images.items()
    }
    return PairedScores(tables, images)


def holds_truth(found):
    return abs(found.estimate - TRUE_DELTA) <= found.interval.half_width


@pytest.mark.slow
@pytest.mark.parametrize("sigma_px", [2, 4])
def test_spatial_intervals_hold_the_truth_as_often_as_they_say(rng, sigma_px):
    hits = 0
    for _ in range(N_TRIALS):
        blocks = arms(rng, sigma_px, smooth_field(rng, sigma_px))
        found = estimate_delta(scores({ComparisonKey(1000, "dense", "test", 1): blocks}), WANTED)
        assert (found.kind, found.n) == ("spatial", GRID**2)
        hits += holds_truth(found)
    assert 0.90 <= hits / N_TRIALS <= 0.97


@pytest.mark.slow
def test_spatial_intervals_of_views_with_common_errors_hold_the_truth(rng):
    """Views of one object err alike: as independent images their interval would be too narrow."""
    hits = narrow = 0
    for _ in range(N_TRIALS):
        first = arms(rng, 3, smooth_field(rng, 3))
        other = arms(rng, 3, smooth_field(rng, 3))
        second = {
            name: {block: 0.9 * values[block] + 0.1 * other[name][block] for block in values}
            for name, values in first.items()
        }
        same_object = {
            ComparisonKey(1000, view, "test", 1): blocks
            for view, blocks in (("dense", first), ("sparse", second))
        }
        other_objects = {
            ComparisonKey(1000, "dense", split, 1): blocks
            for split, blocks in (("test", first), ("train", second))
        }
        hits += holds_truth(estimate_delta(scores(same_object), WANTED))
        narrow += holds_truth(estimate_delta(scores(other_objects), WANTED))
    assert 0.90 <= hits / N_TRIALS <= 0.97
    assert narrow / N_TRIALS < 0.88


@pytest.mark.slow
def test_a_percentile_bootstrap_over_blocks_holds_the_truth_too_seldom(rng):
    """Why there is none: with nine blocks it claims 95 % and keeps less than 90 %."""
    hits = 0
    for _ in range(N_TRIALS):
        pairs = arms(rng, 3, smooth_field(rng, 3)).values()
        own, other = (np.array(list(values.values())) for values in pairs)
        means = rng.choice(own - other, (1000, own.size)).mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        hits += low <= TRUE_DELTA <= high
    assert hits / N_TRIALS < 0.91


@pytest.mark.parametrize("n_replicates", [2, 3, 5])
def test_intervals_over_seeds_hold_the_truth_as_often_as_they_say(rng, n_replicates):
    """Conditions of one seed share its luck; the seeds are what is independent."""
    n_trials, hits = 2000, 0
    for _ in range(n_trials):
        tables = {}
        for replicate in range(1, n_replicates + 1):
            luck = rng.normal(0, 0.01)
            for dose in (1000, 10000):
                base = rng.normal(0.1, 0.02)
                tables[ComparisonKey(dose, "dense", "test", replicate)] = {
                    ("PtychoPINN", "mae", "amplitude"): base + TRUE_DELTA + luck,
                    ("Baseline", "mae", "amplitude"): base + rng.normal(0, 0.005),
                }
        found = estimate_delta(PairedScores(tables, {}), WANTED)
        assert (found.kind, found.n) == ("seeds", n_replicates)
        hits += holds_truth(found)
    assert 0.935 <= hits / n_trials <= 0.965
