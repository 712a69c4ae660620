"""The arms that a run compares: what is planned for a choice, and what a choice rules out."""

import pytest

from deployments.form import form_schema
from flows.cli.command_line import main
from flows.hub.provenance import write_plan
from flows.hub.staleness import stale_outputs
from flows.params.arms import DEFAULT_ARMS, NAMES
from flows.params.run import PhaseGParams
from flows.params.sweep import SweepParams
from flows.phase_g import phase_g
from flows.planning.plan import make_plan, make_sweep_plan
from tasks.catalogue.reconstructions import RECONSTRUCTIONS

CONTROLS = {"NoNetwork", "NoNetwork5x"}


def plan_of(*arms, **options):
    return make_plan(PhaseGParams(arms=arms, **options))


def kinds_of(plan):
    return {call.stage.partition(".")[0] for call in plan}


def compared(plan):
    """Return the reconstructions that every comparison reads."""
    known = {entry.name for entry in RECONSTRUCTIONS.with_stages}
    (found,) = {frozenset(known & call.inputs.keys()) for call in plan.comparisons}
    return set(found)


def test_the_solver_alone_trains_nothing():
    plan = plan_of("PtyChi")
    assert kinds_of(plan) == {
        *("simulate", "view", "iterate-ptychi", "compare", "summarise-costs", "summarise")
    }
    assert compared(plan) == {"PtyChi"}
    assert not any(replicate.trainings for replicate in plan.replicates)


def test_a_network_alone_is_trained_alone_and_has_its_controls_and_no_curve_of_a_solver():
    plan = plan_of("Baseline")
    assert {kind for kind in kinds_of(plan) if kind.startswith("train")} == {"train-baseline"}
    assert "iterate-ptychi" not in kinds_of(plan)
    assert compared(plan) == {"Baseline", *CONTROLS}
    assert not [name for call in plan.comparisons for name in call.outputs if "conv" in name]


def test_the_classic_algorithms_are_for_runs_that_name_them():
    assert not {"ePIE", "RAAR", "DM"} & set(DEFAULT_ARMS)
    plan = plan_of("PtyChi", "DM", "ePIE", splits=("test",))
    assert kinds_of(plan) == {
        *("simulate", "view", "iterate-ptychi", "iterate-epie", "iterate-dm"),
        *("compare", "summarise-costs", "summarise"),
    }
    (comparison,) = plan.comparisons
    assert {name for name in comparison.inputs if name.endswith(".iterates")} == {
        *("PtyChi.iterates", "ePIE.iterates", "DM.iterates")
    }
    functions = {call.stage.partition(".")[0]: call for call in plan}
    assert functions["iterate-dm"].function.endswith(":iterate_classic")
    assert functions["iterate-dm"].params["algorithm"] == "dm"


def test_the_halves_of_a_classic_algorithm_are_reconstructed_with_its_own_parameters():
    plan = plan_of("ePIE", "RAAR", truth_free=True, splits=("test",))
    halves = [call for call in plan if call.stage.startswith("iterate-raar-")]
    assert len(halves) == 2
    (whole,) = [call for call in plan if call.stage.startswith("iterate-raar.")]
    assert all(call.params == whole.params for call in halves)


@pytest.mark.parametrize(
    "arms", [("PtychoPINN", "PtyChi"), ("Baseline", "PtyChi"), ("PtyChi",), ("RAAR", "ePIE")]
)
@pytest.mark.parametrize("options", [{}, {"truth_free": True, "seeds": 2}])
def test_every_file_is_made_once_before_it_is_read(arms, options):
    made = set()
    for call in plan_of(*arms, **options):
        assert set(call.inputs.values()) <= made, call.stage
        assert not made & {*call.outputs.values(), call.manifest}, call.stage
        made |= {*call.outputs.values(), call.manifest}


def test_variants_follow_their_arm():
    plan = plan_of("PtychoPINN", "PtyChi", refine=3, adapt_steps=5, splits=("test",))
    assert compared(plan) == {
        *("PtychoPINN", "PtyChi", "PtychoPINN-refined", "PtychoPINN-adapted"),
        *CONTROLS,
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--arms", "PtyChy"), "There is no arm 'PtyChy'. Known are PtychoPINN, Baseline, PtyChi"),
        (("--arms", "PtyChi", "PtyChi"), "The arm PtyChi is named 2 times: name it once"),
        (("--arms",), "Name at least one arm. Known are PtychoPINN"),
        (("--arms", "Oracle"), "There is no arm 'Oracle'"),
        (
            ("--arms", "PtyChi", "--refine", "5"),
            "refine=5 is for PtychoPINN or Baseline, and the arms of the run are PtyChi. Leave",
        ),
        (("--arms", "Baseline", "--adapt-steps", "5"), "adapt_steps=5 is for PtychoPINN, and"),
    ],
)
def test_a_choice_that_cannot_be_run_is_refused_in_words(words, message, tmp_path, capsys):
    assert main(["--hub", str(tmp_path / "hub"), *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "hub").exists()


def test_a_package_that_does_not_import_is_named(monkeypatch):
    monkeypatch.setitem(RECONSTRUCTIONS.broken, "MySolver", "its entry point does not import")
    with pytest.raises(ValueError, match="MySolver cannot be had: its entry point does not import"):
        PhaseGParams(arms=("MySolver",))


def test_the_first_of_the_arms_is_the_subject_and_the_others_stand_as_in_tables():
    assert PhaseGParams(arms=("PtyChi", "Baseline")).arms == ("PtyChi", "Baseline")
    assert PhaseGParams(arms=("DM", "ePIE", "PtyChi")).arms == ("DM", "PtyChi", "ePIE")
    assert PhaseGParams(arms=("PtyChi", "Baseline", "PtychoPINN")).arms == NAMES[:3]


def test_the_choice_is_a_list_of_the_form():
    schema = form_schema(phase_g)["definitions"]["PhaseGParams"]["properties"]["arms"]
    assert schema["items"]["enum"] == list(NAMES)
    assert schema["default"] == list(DEFAULT_ARMS)


def test_the_default_leaves_no_trace_in_the_plan_and_a_choice_makes_a_hub_stale(tmp_path):
    plan = make_plan(PhaseGParams(hub=tmp_path, arms=DEFAULT_ARMS))
    assert "arms" not in plan.science
    assert not [call.stage for call in plan if "arms" in call.params]
    write_plan(tmp_path, plan)
    assert stale_outputs(tmp_path, make_plan(PhaseGParams(hub=tmp_path))) == []
    other = make_plan(PhaseGParams(hub=tmp_path, arms=("PtyChi",)))
    assert stale_outputs(tmp_path, other) == ["arms: None -> ['PtyChi']"]


def test_what_arms_share_is_made_alike_whichever_are_compared():
    whole = {call.stage: call for call in make_plan(PhaseGParams())}
    for call in plan_of("Baseline", "PtyChi"):
        if call.stage.partition(".")[0] not in ("compare", "summarise", "summarise-costs"):
            assert call == whole[call.stage]


def test_a_sweep_compares_the_same_arms_everywhere():
    plan = make_sweep_plan(SweepParams(arms=("PtyChi",)))
    assert compared(plan) == {"PtyChi"}
    assert all(condition.params.arms == ("PtyChi",) for condition in plan.conditions)
