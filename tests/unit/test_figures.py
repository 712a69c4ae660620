"""Colours and scale bars that all figures share."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from tasks.core.geometry.patches import bounding_box
from tasks.core.physics.forward import phase_from_minimum, phase_on_branch
from tasks.figures import (
    CYCLIC_PHASE_MAP,
    amplitude_scale,
    error_scale,
    phase_scale,
    plain_log_ticks,
    round_length,
)


def test_a_scale_ends_at_the_truths_range_and_holds_what_lies_beyond():
    scale = amplitude_scale(np.array([0.5, 1.0, 0.7]))
    assert (scale.smallest, scale.largest) == (0.5, 1.0)
    np.testing.assert_allclose(scale.fractions(np.array([0.5, 0.75, 1.0, 2.0])), [0, 0.5, 1, 1])


def test_a_flat_truth_has_a_scale_too():
    assert amplitude_scale(np.full(3, 0.7)).largest > 0.7


def test_phases_over_nearly_a_turn_are_shown_on_a_circle():
    scale = phase_scale(np.array([0.0, 5.5]))
    assert scale.colour_map == CYCLIC_PHASE_MAP
    turns = np.array([1.0, 1.0 + 2 * np.pi, 1.0 - 2 * np.pi])
    np.testing.assert_allclose(scale.fractions(turns), 1 / (2 * np.pi))
    assert phase_scale(np.array([0.0, 4.0])).colour_map != CYCLIC_PHASE_MAP


def test_errors_of_all_arms_share_one_scale():
    scale = error_scale([np.linspace(0, 1, 101), np.linspace(0, 3, 101)])
    assert scale.smallest == 0
    assert scale.largest == pytest.approx(np.percentile(np.r_[0:1:101j, 0:3:101j], 99))
    assert error_scale([np.zeros(5)]).largest == 1


def test_the_window_holds_every_scored_pixel_and_no_empty_edge():
    mask = np.zeros((9, 8), dtype=bool)
    mask[2, 3] = mask[6, 4] = True
    assert bounding_box(mask) == (slice(2, 7), slice(3, 5))


@pytest.mark.parametrize(
    ("longest_m", "text"),
    [(3.1e-6, "2 µm"), (9.9e-7, "500 nm"), (1.04e-6, "1 µm"), (2.5e-3, "2 mm"), (6e-9, "5 nm")],
)
def test_scale_bars_have_round_lengths(longest_m, text):
    length_m, shown = round_length(longest_m)
    assert shown == text
    assert longest_m / 2.5 < length_m <= longest_m


def test_phases_stay_on_the_truths_branch():
    truth = np.exp(1j * np.array([[3.0, -3.0, 2.0, -2.5]]))
    mask = np.ones(truth.shape, dtype=bool)
    phase = phase_from_minimum(truth, mask)
    assert phase.min() == 0
    assert np.ptp(phase) < np.pi
    shifted = phase_on_branch(truth * np.exp(0.3j), np.angle(truth), phase)
    np.testing.assert_allclose(shifted, phase + 0.3)


@pytest.mark.parametrize(
    "limits", [(2.2, 12.0), (1.1, 19.0), (0.31, 0.46), (0.09, 1.3), (3e-4, 40.0)]
)
def test_a_logarithmic_axis_has_some_labels_all_plain(limits):
    axis = Figure().subplots()
    axis.set_xscale("log")
    axis.set_xlim(*limits)
    plain_log_ticks(axis.xaxis)
    shown = [tick for tick in axis.get_xticks() if limits[0] <= tick <= limits[1]]
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert 3 <= len(shown) <= 8
    assert not any("$" in label or "×" in label for label in labels)
    assert [
        label.get_text() for label in axis.get_xticklabels(minor=True) if label.get_text()
    ] == []
