"""The plan of a run: what is asked for is there, and every file has one maker."""

import pytest

from flows.params import NetworkKind, PhaseGParams
from flows.plan import make_plan
from tasks.core.arms import NETWORK_ARMS, Arm
from tasks.core.seeds import Split


def plan_of(**knobs):
    return make_plan(PhaseGParams(**knobs))


@pytest.mark.parametrize("adapt_steps", [0, 50])
def test_every_file_is_made_once_before_it_is_read(adapt_steps):
    made = set()
    for call in plan_of(adapt_steps=adapt_steps):
        assert set(call.inputs.values()) <= made, call.stage
        assert not made & set(call.outputs.values()), call.stage
        made |= set(call.outputs.values())


def test_every_comparison_has_the_control_without_a_network():
    for split, call in plan_of().comparisons.items():
        assert call.inputs["NoNetwork"].endswith(f"{split.value}/nonetwork.h5")
        assert call.inputs["NoNetwork5x"].endswith(f"{split.value}/nonetwork5x.h5")


def test_both_networks_are_the_same_but_for_what_judges_them():
    for kind in NetworkKind:
        plan = plan_of(architecture=kind)
        first, second = (plan.training[arm].params for arm in NETWORK_ARMS)
        assert first | {"arm": None} == second | {"arm": None}
    inputs = [set(plan.training[arm].inputs) for arm in NETWORK_ARMS]
    assert inputs[1] - inputs[0] == {"truth"}


def test_the_control_makes_as_many_passes_as_the_network():
    plan = plan_of()
    passes = plan.training[Arm.PTYCHOPINN].params["architecture"]["passes"]
    assert {call.params["passes"] for call in plan.controls.values()} == {passes}


def test_adaptation_sees_the_test_diffraction_and_no_truth():
    plan = plan_of(adapt_steps=50)
    assert plan.adaptation.inputs["scan"].endswith("test.cxi")
    assert not [path for path in plan.adaptation.inputs.values() if path.endswith("truth.h5")]
    assert plan.adaptation.params["n_steps"] == 50
    assert "PtychoPINN-adapted" in plan.comparisons[Split.TEST].inputs
    assert "PtychoPINN-adapted" not in plan.comparisons[Split.TRAIN].inputs


def test_without_a_test_split_nothing_is_adapted():
    plan = plan_of(adapt_steps=50, splits=("train",))
    assert plan.adaptation is plan.adapted is None
    assert plan_of().adaptation is None
