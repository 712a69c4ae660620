"""The plan of a run: what is asked for is there, and every file has one maker."""

import pytest

from flows.params.run import NetworkKind, PhaseGParams
from flows.planning.plan import make_plan
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.study.seeds import Split
from tasks.report.costs.costs import CostParams
from tasks.simulate.params import SimulationParams


def plan_of(**options):
    return make_plan(PhaseGParams(**options))


EVERYTHING = {"adapt_steps": 50, "refine": 10, "truth_free": True, "seeds": 3}


REFINEMENTS = ("refine-ptychopinn", "refine-baseline")
TRAININGS = ("train-ptychopinn", "train-baseline")


def of_split(calls, split):
    """Return the only call of a split."""
    (call,) = (call for call in calls if call.stage.endswith(f".{split.value}"))
    return call


def only(plan):
    """Return the plan of the only replicate."""
    (replicate,) = plan.replicates
    return replicate


@pytest.mark.parametrize("options", [{}, EVERYTHING])
def test_every_file_is_made_once_before_it_is_read(options):
    made, names = set(), set()
    for call in plan_of(**options):
        assert call.stage not in names
        assert set(call.inputs.values()) <= made, call.stage
        assert not made & {*call.outputs.values(), call.manifest}, call.stage
        made |= {*call.outputs.values(), call.manifest}
        names.add(call.stage)


def test_every_comparison_has_the_control_without_a_network():
    for call in plan_of().comparisons:
        split = call.stage.rsplit(".", 1)[-1]
        assert call.inputs["NoNetwork"].endswith(f"{split}/nonetwork.h5")
        assert call.inputs["NoNetwork5x"].endswith(f"{split}/nonetwork5x.h5")


def test_both_networks_are_the_same_but_for_what_judges_them():
    for kind in NetworkKind:
        calls = only(plan_of(architecture=kind)).named(*TRAININGS)
        assert [call.params["arm"] for call in calls] == [
            arm.name for arm in RECONSTRUCTIONS.networks
        ]
        first, second = (call.params for call in calls)
        apart = {"arm": None, "learns_from": None}
        assert first | apart == second | apart
    assert set(calls[1].inputs) - set(calls[0].inputs) == {"truth"}


def test_the_control_makes_as_many_passes_as_the_network():
    replicate = only(plan_of())
    passes = replicate.named(*TRAININGS)[0].params["architecture"]["passes"]
    assert {call.params["passes"] for call in replicate.named("project")} == {passes}


def test_adaptation_sees_the_test_diffraction_and_no_truth():
    plan = plan_of(adapt_steps=50)
    (adaptation,) = only(plan).named("adapt-ptychopinn")
    assert adaptation.inputs["scan"].endswith("test.cxi")
    assert not [path for path in adaptation.inputs.values() if path.endswith("truth.h5")]
    assert adaptation.params["n_steps"] == 50
    assert "PtychoPINN-adapted" in of_split(plan.comparisons, Split.TEST).inputs
    assert "PtychoPINN-adapted" not in of_split(plan.comparisons, Split.TRAIN).inputs


def test_without_a_test_split_nothing_is_adapted():
    replicate = only(plan_of(adapt_steps=50, splits=("train",)))
    adapted = ("adapt-ptychopinn", "predict-ptychopinn-adapted")
    assert replicate.named(*adapted) == ()
    assert only(plan_of()).named(*adapted) == ()


def test_refined_arms_start_from_the_networks_with_the_settings_of_pty_chi():
    replicate = only(plan_of(refine=10))
    (alone,) = {str(call.params | {"n_epochs": 0}) for call in replicate.named("iterate-ptychi")}
    refinements = replicate.named(*REFINEMENTS)
    for call in refinements:
        assert str(call.params | {"n_epochs": 0}) == alone
        assert call.params["n_epochs"] == 10
        assert call.inputs["initial"].rsplit("/", 1)[-1] in ("ptychopinn.h5", "baseline.h5")
    assert len(refinements) == 4
    for call in replicate.named("compare"):
        for model in ("PtyChi", "PtychoPINN-refined", "Baseline-refined"):
            assert {model, f"{model}.iterates"} <= set(call.inputs)
    assert only(plan_of()).named(*REFINEMENTS) == ()


def test_halves_are_reconstructed_by_every_arm_and_compared():
    replicate = only(plan_of(truth_free=True, splits=("test",)))
    (halves,) = replicate.named("halve")
    views = {path: half for half, path in halves.outputs.items()}
    halved = [call for call in replicate if call.inputs.get("view") in views]
    (comparison,) = replicate.named("compare")
    for arm in RECONSTRUCTIONS.default_arms:
        for half in ("odd", "even"):
            path = comparison.inputs[f"{arm}.{half}"]
            (maker,) = [call for call in halved if path in call.outputs.values()]
            assert views[maker.inputs["view"]] == half
            assert comparison.inputs[f"view.{half}"] == maker.inputs["view"]


def test_replicates_have_files_of_their_own_and_the_first_those_of_a_single_run():
    single, many = plan_of(), plan_of(seeds=3)
    assert list(only(single)) == list(many.replicates[0])
    makers = [{path for call in part for path in call.outputs.values()} for part in many.replicates]
    assert len(set.union(*makers)) == sum(map(len, makers))
    assert all("/replicate_3/" in path for path in makers[2])
    assert set(many.summary.inputs) >= {call.outputs["metrics"] for call in many.comparisons}


def test_replicates_share_the_sample_unless_fresh_ones_are_asked_for():
    def seeds(**options):
        plan = plan_of(seeds=2, **options)
        return [SimulationParams(**r.named("simulate")[0].params) for r in plan.replicates]

    first, second = seeds()
    assert first.seed != second.seed
    assert first.object_seed == second.object_seed
    first, second = seeds(fresh_samples=True)
    assert first.object_seed != second.object_seed


def test_every_reconstruction_has_its_costs_with_all_that_it_needed():
    plan = plan_of(**EVERYTHING)
    costs = CostParams(**plan.costs.params)
    roles, found = {}, {}
    for source in costs.sources:
        found.setdefault((source.model, source.split, source.replicate), []).append(source)
        roles.setdefault(source.model, set()).add(source.role.value)
    assert len(found) == 3 * (2 * 7 + 1), "seven reconstructions a split, and the adapted one"
    assert roles["PtyChi"] == roles["NoNetwork"] == roles["NoNetwork5x"] == {"reconstruct"}
    assert roles["PtychoPINN"] == roles["Baseline"] == {"train", "reconstruct"}
    assert roles["PtychoPINN-adapted"] == {"train", "adapt", "reconstruct"}
    assert roles["PtychoPINN-refined"] == roles["Baseline-refined"] == {"train", "start", "refine"}
    assert {source.manifest for source in costs.sources} <= set(plan.costs.inputs)
    (tables,) = {frozenset(call.outputs["metrics"] for call in plan.comparisons)}
    assert {source.table for source in costs.sources} == tables
