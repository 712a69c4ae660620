import numpy as np
import pytest

from tasks.core.physics.forward import LARGEST_MOMENTUM, extrapolate, momentum


def test_momentum_starts_at_zero_and_rises_to_its_cap():
    values = [momentum(epoch) for epoch in range(1, 60)]
    assert values[0] == 0
    assert values == sorted(values)
    assert values[-1] == LARGEST_MOMENTUM < 1


def test_the_first_epoch_is_not_extrapolated():
    current, previous = np.full((2, 2), 1 + 1j), np.zeros((2, 2), dtype=complex)
    np.testing.assert_array_equal(extrapolate(current, previous, epoch=1), current)


def test_later_epochs_move_on_along_the_last_change():
    moved = extrapolate(np.array([2.0 + 0j]), np.array([1.0 + 0j]), epoch=4)
    assert moved[0] == pytest.approx(2 + 3 / 6)


def test_a_smooth_quadratic_is_minimised_in_fewer_steps_than_by_plain_descent():
    curvature = np.array([1.0, 0.01])

    def descend(accelerate, steps=80):
        current = previous = start = np.array([1.0 + 0j, 1.0 + 0j])
        for epoch in range(1, steps + 1):
            current = start - curvature * start
            start = extrapolate(current, previous, epoch) if accelerate else current
            previous = current
        return abs(current[1])

    assert descend(accelerate=True) < 0.3 * descend(accelerate=False)
