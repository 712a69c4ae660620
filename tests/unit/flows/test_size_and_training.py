"""The options of size and training: they go before the profile, and leave no trace unless given."""

import pytest

from flows.cli.command_line import main
from flows.hub.provenance import write_plan
from flows.hub.staleness import stale_outputs
from flows.params.profiles import SIZES, resolve, sizes_of
from flows.params.run import PhaseGParams, Profile
from flows.params.sweep import SweepParams
from flows.planning.plan import make_plan, make_sweep_plan
from flows.runners.local import worker_params
from tasks.runtime.errors import BadInputError

NETWORKS = ("PtychoPINN", "Baseline")


def trainings(**options):
    return [resolve(PhaseGParams(**options)).training[name] for name in NETWORKS]


def test_sizes_that_are_given_go_before_those_of_the_profile():
    found = resolve(PhaseGParams(size={"train": (9, 12), "pattern_px": 128})).simulation
    assert found.train_positions == (9, 12)
    assert found.test_positions == SIZES[Profile.QUICK].test_positions
    assert found.probe.n_px == 128
    assert resolve(PhaseGParams(profile="study")).simulation.probe.n_px == 128


def test_the_training_that_is_given_is_that_of_both_networks():
    asked = {"steps": 7, "learning_rate": 0.01, "patience": 3, "channels": (8, 16), "passes": 4}
    for training in trainings(training=asked):
        assert (training.n_steps, training.learning_rate, training.patience) == (7, 0.01, 3)
        assert (training.architecture.channels, training.architecture.passes) == ((8, 16), 4)
        assert training.budget_s is None
    assert resolve(PhaseGParams(training=asked)).projection.passes == 4


def test_a_budget_in_seconds_is_that_of_both_networks():
    assert [training.budget_s for training in trainings(training={"budget_s": 60})] == [60, 60]


def test_counts_are_thinned_for_the_network_without_labels_alone():
    found = trainings(training={"thinning_fraction": 0.5})
    assert [training.thinning_fraction for training in found] == [0.5, None]


def test_a_network_is_adapted_in_the_size_that_it_was_trained_in():
    stages = resolve(PhaseGParams(training={"channels": (8, 16), "steps": 9}, adapt_steps=5))
    assert stages.adaptation.architecture == stages.training["PtychoPINN"].architecture
    assert stages.adaptation.n_steps == 5


@pytest.mark.parametrize("profile", list(Profile))
def test_without_options_a_run_is_as_its_profile_says(profile):
    params = PhaseGParams(profile=profile)
    assert sizes_of(params) == SIZES[profile]
    assert not {"size", "training"} & make_plan(params).science.keys()


def test_the_time_limit_grows_with_the_work():
    usual = SIZES[Profile.QUICK].timeout_s

    def limit(**options):
        return sizes_of(PhaseGParams(**options)).timeout_s

    assert limit(training={"steps": 3000}) == 2 * usual
    assert limit(size={"train": (82, 82)}) == 4 * usual
    assert limit(size={"pattern_px": 128}) == 4 * usual
    assert limit(training={"budget_s": 7200}) == usual + 7200
    assert limit(training={"steps": 1}, size={"train": (5, 5)}) == usual


def test_a_group_that_is_given_makes_a_hub_stale_by_the_option(tmp_path):
    write_plan(tmp_path, make_plan(PhaseGParams(hub=tmp_path)))
    assert stale_outputs(tmp_path, make_plan(PhaseGParams(hub=tmp_path))) == []
    other = PhaseGParams(hub=tmp_path, training={"steps": 9}, size={"train": (41, 40)})
    assert stale_outputs(tmp_path, make_plan(other)) == [
        "size.train: None -> [41, 40]",
        "training.steps: None -> 9",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--training.steps", "0"), "--training.steps '0'"),
        (("--training.learning-rate", "1"), "--training.learning-rate '1'"),
        (("--training.steps", "5", "--training.budget-s", "60"), "A training has one budget, got"),
        (("--size.train", "1", "41"), "A scan needs at least 2 x 2 positions, got (1, 41)"),
        (("--size.pattern-px", "63"), "--size.pattern-px '63'"),
        (("--size.pattern-px", "64", "--probe.n-px", "128"), "A pattern has one side, got size"),
        (
            ("--architecture", "patch", "--training.passes", "3"),
            "The architecture patch has no passes. Leave training.passes out",
        ),
        (("--training.channels", "8"), "--training.channels"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(words, message, tmp_path, capsys):
    assert main(["--hub", str(tmp_path / "hub"), *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "hub").exists()


def test_the_command_line_takes_groups_of_numbers(tmp_path, capsys):
    words = ("--size.train", "20", "21", "--training.channels", "8", "16", "--collect-only")
    assert main(["--hub", str(tmp_path / "hub"), *words]) == 0
    assert "train-ptychopinn" in capsys.readouterr().out


def test_workers_of_a_sweep_are_told_of_sizes_and_training():
    params = SweepParams(
        size={"train": (9, 9), "pattern_px": 64}, training={"steps": 3}, arms=("PtyChi",)
    )
    (first, *_) = make_sweep_plan(params).conditions
    asked = worker_params(first)
    assert (asked.size, asked.training, asked.arms) == (params.size, params.training, params.arms)


def test_scans_that_a_run_cannot_use_are_refused_before_it_begins():
    with pytest.raises(BadInputError, match=r"Raise test_positions \(of a run: size\.test\)"):
        make_plan(PhaseGParams(size={"test": (12, 12)}))
    with pytest.raises(BadInputError, match=r"Scan with scan\.overlap_ratio 0\.70 or more"):
        make_plan(PhaseGParams(scan={"overlap_ratio": 0.5}))
    make_plan(PhaseGParams(scan={"overlap_ratio": 0.5}, view="sparse"))
