import numpy as np
import pytest
from pydantic import ValidationError

from flows.params.profiles import SIZES, resolve
from flows.params.run import PhaseGParams, Profile
from tasks.reconstruct.classic_settings import DENSE, SPARSE, classic_settings_for
from tasks.reconstruct.params import ClassicAlgorithm, ClassicParams
from tasks.reconstruct.solver_settings import DENSE_PATTERNS, SPARSE_PATTERNS, Exposure

VIEWS = [(0.7, DENSE, DENSE_PATTERNS), (0.2, SPARSE, SPARSE_PATTERNS)]


def chosen(algorithm, overlap_ratio, n_patterns, **params):
    exposure = Exposure(150.0, overlap_ratio, n_patterns)
    return classic_settings_for(ClassicParams(algorithm=algorithm, **params), exposure, seed=3)


@pytest.mark.parametrize(("overlap_ratio", "choices", "n_patterns"), VIEWS)
@pytest.mark.parametrize("algorithm", ClassicAlgorithm)
def test_the_overlap_decides_on_what_was_chosen(algorithm, overlap_ratio, choices, n_patterns):
    settings, choice = chosen(algorithm, overlap_ratio, n_patterns), choices[algorithm]
    assert (settings.step, settings.batch_size) == (choice.step, choice.batch_size)
    assert settings.n_epochs == choice.n_epochs
    assert settings.averaged_epochs == max(1, round(choice.averaged_fraction * choice.n_epochs))
    assert settings.seed == 3


@pytest.mark.parametrize("choices", [DENSE, SPARSE])
def test_every_algorithm_has_a_choice_and_batches_only_where_pty_chi_has_them(choices):
    assert choices.keys() == set(ClassicAlgorithm)
    with_batches = {name for name, choice in choices.items() if choice.batch_size is not None}
    assert with_batches == {ClassicAlgorithm.EPIE}


@pytest.mark.parametrize("n_epochs", [1, 2, 8, 9])
@pytest.mark.parametrize("algorithm", ClassicAlgorithm)
def test_epochs_that_are_named_are_made_and_never_more_of_them_averaged(algorithm, n_epochs):
    settings = chosen(algorithm, 0.7, 10_000, n_epochs=n_epochs)
    assert settings.n_epochs == n_epochs
    assert 1 <= settings.averaged_epochs <= n_epochs


@pytest.mark.parametrize(
    "wrong", [{"algorithm": "rpie"}, {"n_epochs": 0}, {"step": 1.0}, {"device": "tpu"}]
)
def test_parameters_out_of_bounds_or_unknown_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ClassicParams(**wrong)


def test_options_of_the_arm_ptychi_do_not_reach_the_others():
    usual = resolve(PhaseGParams())
    other = resolve(PhaseGParams(ptychi={"algorithm": "epie", "n_epochs": 3}))
    assert other.classic == usual.classic != {}
    assert other.ptychi != usual.ptychi


def test_the_profile_smoke_makes_few_epochs_of_them_too():
    for params in resolve(PhaseGParams(profile=Profile.SMOKE)).classic.values():
        assert params.n_epochs == SIZES[Profile.SMOKE].n_ptychi_epochs


def test_the_mean_is_of_the_last_epochs_alone():
    from tasks.reconstruct.tail_mean import TailMean

    mean = TailMean(first_averaged=3)
    objects = [np.full((2, 2), value, dtype=np.complex64) for value in (5, 7, 1, 2j, 3)]
    found = [mean.after(epoch, one)[0, 0] for epoch, one in enumerate(objects, start=1)]
    np.testing.assert_allclose(found, [5, 7, 1, (1 + 2j) / 2, (4 + 2j) / 3], rtol=1e-6)
