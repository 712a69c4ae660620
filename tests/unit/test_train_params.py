"""Parameters of a training, and the rule for thinning."""

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.core.arms import Arm
from tasks.train.loop import learning_rates
from tasks.train.params import TrainingParams
from tasks.train.thinning import choose_thinning, thin_counts


def test_an_arm_that_is_not_a_network_is_refused():
    with pytest.raises(ValidationError, match="Choose one of: PtychoPINN, Baseline"):
        TrainingParams(arm=Arm.PTYCHI)


def test_the_baseline_is_not_thinned():
    with pytest.raises(ValidationError, match="Leave it out"):
        TrainingParams(arm=Arm.BASELINE, thinning_fraction=0.3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_steps", 0), ("learning_rate", 0.0), ("thinning_fraction", 1.5), ("likelihood", "gauss")],
)
def test_values_out_of_bounds_are_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        TrainingParams.model_validate({field: value})


@pytest.mark.parametrize("channels", [(0, 4), (4,), (4, 2000)])
def test_channels_out_of_bounds_are_refused(channels):
    with pytest.raises(ValidationError, match="channels"):
        TrainingParams.model_validate({"architecture": {"kind": "unrolled", "channels": channels}})


def test_unknown_fields_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        TrainingParams.model_validate({"steps": 3})


def test_thinning_is_decided_by_the_measured_photons():
    assert choose_thinning(None, 1e3) == 0.6
    assert choose_thinning(None, 49_999.9) == 0.6
    assert choose_thinning(None, 50_000.0) == 1.0
    assert choose_thinning(None, 1e5) == 1.0


def test_thinning_that_was_asked_for_wins():
    assert choose_thinning(0.5, 1e5) == 0.5
    assert choose_thinning(1.0, 1e3) == 1.0


def test_thinned_counts_are_independent_poisson_draws():
    rng = np.random.default_rng(11)
    seen, judging = thin_counts(rng.poisson(4.0, size=200_000).astype(np.uint16), 0.3, rng)
    assert seen.mean() == pytest.approx(1.2, abs=0.015)
    assert seen.var() == pytest.approx(1.2, abs=0.03)
    assert np.corrcoef(seen, judging)[0, 1] == pytest.approx(0.0, abs=0.01)


def test_the_learning_rate_rises_and_then_falls_towards_zero():
    rates = learning_rates(TrainingParams(n_steps=100, learning_rate=0.01))
    assert rates.shape == (100,)
    assert int(np.argmax(rates)) == 10
    assert rates.max() == pytest.approx(0.01)
    assert np.all(np.diff(rates[:11]) > 0)
    assert np.all(np.diff(rates[10:]) < 0)
    assert 0 < rates[-1] < 1e-4
    assert np.all(learning_rates(TrainingParams(n_steps=1)) > 0)
