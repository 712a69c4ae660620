"""Thresholds of the ring correlation are the published ones, and crossings lie where they meet."""

import numpy as np
import pytest

from tasks.catalogue.scoring.frc import FrcCurve
from tasks.compare.score.thresholds import THRESHOLDS, crossing_per_px

N_VALUES = np.array([48.0, 200.0, 1000.0, 5000.0])
ROOT = np.sqrt(N_VALUES / 2)


def test_the_curves_have_the_published_coefficients():
    """van Heel & Schatz, J. Struct. Biol. 151, 250 (2005), to four digits."""
    half_bit, one_bit, seventh = (
        THRESHOLDS[name][0](N_VALUES) for name in ("half-bit", "one-bit", "1/7")
    )
    np.testing.assert_allclose(
        half_bit, (0.2071 + 1.9102 / ROOT) / (1.2071 + 0.9102 / ROOT), atol=1e-4
    )
    np.testing.assert_allclose(one_bit, (0.5 + 2.4142 / ROOT) / (1.5 + 1.4142 / ROOT), atol=1e-4)
    np.testing.assert_allclose(seventh, 1 / 7)


def test_a_crossing_lies_between_the_rings_where_the_curves_meet():
    curve = FrcCurve(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.9, 0.6, 0.2, 0.1]), N_VALUES)
    assert crossing_per_px(curve, np.full(4, 0.4)) == pytest.approx(0.25)
    assert crossing_per_px(curve, np.full(4, 0.05)) is None


def test_rings_of_few_values_are_not_looked_at():
    few = np.array([4.0, 200.0, 1000.0, 5000.0])
    curve = FrcCurve(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 0.9, 0.9, 0.9]), few)
    assert crossing_per_px(curve, np.full(4, 0.4)) is None
