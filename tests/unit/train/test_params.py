"""Parameters of a training, and the rule for thinning."""

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.train.params import TrainingParams, budget_share, is_validation_due, learning_rate
from tasks.train.photon_thinning import choose_thinning, thin_counts


def test_a_principle_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="Input should be 'diffraction' or 'labels'"):
        TrainingParams(arm="PtyChi", learns_from="nothing")


def test_the_baseline_is_not_thinned():
    with pytest.raises(ValidationError, match="Leave it out"):
        TrainingParams(arm="Baseline", learns_from="labels", thinning_fraction=0.3)


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
    counts = rng.poisson(4.0, size=200_000).astype(np.uint16)
    seen = thin_counts(counts, 0.3, rng)
    assert seen.mean() == pytest.approx(1.2, abs=0.015)
    assert seen.var() == pytest.approx(1.2, abs=0.03)
    assert np.corrcoef(seen, counts - seen)[0, 1] == pytest.approx(0.0, abs=0.01)


def learning_rates(params):
    shares = [budget_share(params, step, 0.0) for step in range(params.n_steps)]
    return np.array([learning_rate(params, share) for share in shares])


def test_the_learning_rate_rises_and_then_falls_towards_zero():
    rates = learning_rates(TrainingParams(n_steps=100, learning_rate=0.01))
    assert rates.shape == (100,)
    assert int(np.argmax(rates)) == 10
    assert rates.max() == pytest.approx(0.01)
    assert np.all(np.diff(rates[:11]) > 0)
    assert np.all(np.diff(rates[10:]) < 0)
    assert 0 < rates[-1] < 1e-4
    assert np.all(learning_rates(TrainingParams(n_steps=1)) > 0)


def test_a_budget_in_seconds_follows_the_clock_and_not_the_steps():
    params = TrainingParams(n_steps=7, budget_s=50, learning_rate=0.01)
    assert budget_share(params, 1000, 25.0) == 0.5
    rates = np.array([learning_rate(params, share) for share in np.linspace(0, 0.999, 200)])
    assert 0 < rates[0] < 0.001
    assert rates.max() == pytest.approx(0.01, rel=1e-3)
    assert np.argmax(rates) == pytest.approx(20, abs=1)
    assert 0 < rates[-1] < 1e-5


def test_a_training_is_validated_about_twenty_times_but_seldom_if_it_is_short():
    def validations(params):
        found, last = [], 0
        for step in range(1, params.n_steps + 1):
            share = (step - last) / params.n_steps
            if is_validation_due(params, step - last, share, step == params.n_steps):
                found.append(step)
                last = step
        return found

    assert validations(TrainingParams(n_steps=2000)) == list(range(100, 2001, 100))
    assert validations(TrainingParams(n_steps=90)) == [20, 40, 60, 80, 90]
    assert validations(TrainingParams(n_steps=10, evaluate_every=4)) == [4, 8, 10]
