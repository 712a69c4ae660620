import pytest
from pydantic import ValidationError

from flows.params.profiles import SIZES, resolve
from flows.params.run import PhaseGParams, Profile
from tasks.reconstruct.classic.settings import (
    DENSE_EPOCHS,
    LEAST_DM_EPOCHS,
    MOST_DM_EPOCHS,
    SPARSE_EPOCHS,
    classic_settings_for,
)
from tasks.reconstruct.params import ClassicAlgorithm, ClassicParams
from tasks.reconstruct.solver_settings import DENSE_PATTERNS, SPARSE_PATTERNS, Exposure


def chosen(algorithm, counts_per_px=2.4, overlap_ratio=0.7, n_patterns=DENSE_PATTERNS, **params):
    exposure = Exposure(150.0, overlap_ratio, n_patterns)
    return classic_settings_for(
        ClassicParams(algorithm=algorithm, **params), exposure, counts_per_px, seed=3
    )


@pytest.mark.parametrize("counts_per_px", [0.24, 2.4, 24])
def test_epie_is_run_with_the_published_alpha_whatever_the_dose(counts_per_px):
    settings = chosen("epie", counts_per_px)
    assert (settings.step, settings.batch_size, settings.seed) == (1.0, 16, 3)


def test_the_relaxation_of_raar_falls_with_the_counts_of_a_pixel():
    steps = [chosen("raar", counts).step for counts in (0.0, 0.24, 0.99, 1.0, 2.4, 24, 1e9)]
    assert steps == [0.6, 0.6, 0.6, 0.75, 0.75, 0.9, 0.9]


def test_dm_is_stopped_after_epochs_that_grow_with_the_root_of_the_counts():
    assert [chosen("dm", counts).n_epochs for counts in (1, 4, 16)] == [7, 14, 28]
    assert chosen("dm", 1e-3).n_epochs == LEAST_DM_EPOCHS
    assert chosen("dm", 1e6).n_epochs == MOST_DM_EPOCHS


@pytest.mark.parametrize("algorithm", ["epie", "raar"])
def test_the_others_take_more_epochs_for_a_sparse_view_and_for_a_larger_scan(algorithm):
    sparse = chosen(algorithm, overlap_ratio=0.2, n_patterns=SPARSE_PATTERNS)
    assert sparse.n_epochs == SPARSE_EPOCHS[algorithm] > DENSE_EPOCHS[algorithm]
    larger = chosen(algorithm, n_patterns=4 * DENSE_PATTERNS)
    assert larger.n_epochs == 2 * chosen(algorithm).n_epochs == 2 * DENSE_EPOCHS[algorithm]


def test_a_larger_scan_gives_dm_no_more_time():
    assert chosen("dm", n_patterns=4 * DENSE_PATTERNS) == chosen("dm")


@pytest.mark.parametrize("algorithm", ["raar", "dm"])
def test_raar_and_dm_take_all_patterns_at_once(algorithm):
    assert chosen(algorithm).batch_size is None


@pytest.mark.parametrize("algorithm", ClassicAlgorithm)
def test_epochs_that_are_named_are_made(algorithm):
    assert chosen(algorithm, n_patterns=10_000, n_epochs=9).n_epochs == 9


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
