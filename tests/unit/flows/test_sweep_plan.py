"""The plan of a sweep: every condition as a run of it alone has it, and nothing twice."""

import pytest
from pydantic import ValidationError

from flows.hub.provenance import write_plan
from flows.hub.staleness import stale_outputs
from flows.params.run import PhaseGParams
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import make_plan, make_sweep_plan
from tasks.core.files.atomic_files import read_json
from tasks.report.costs.costs import CostParams
from tasks.report.records.hub_contents import PlanFile

SMALL = {"doses": (1e4, 1e3), "seeds": 2, "profile": "smoke"}


def sweep(**options):
    return make_sweep_plan(SweepParams(**SMALL | options))


@pytest.mark.parametrize("options", [{}, {"refine": 3, "truth_free": True, "adapt_steps": 5}])
@pytest.mark.parametrize("baseline_view", ["own", "dense"])
def test_every_condition_has_the_stages_of_a_run_of_it_alone(options, baseline_view):
    plan = sweep(baseline_view=baseline_view, **options)
    assert [c.name for c in plan.conditions] == [
        f"dose_{dose}/{view}" for dose in (1000, 10000) for view in ("dense", "sparse")
    ]
    for condition in plan.conditions:
        alone = PhaseGParams(
            **options,
            hub=plan.params.hub,
            photons_per_pattern=condition.params.photons_per_pattern,
            view=condition.params.view,
            seeds=2,
            profile="smoke",
            baseline_view=baseline_view,
        )
        assert list(condition) == list(make_plan(alone).conditions[0])


@pytest.mark.parametrize("baseline_view", ["own", "dense"])
def test_every_file_is_made_once_before_it_is_read(baseline_view):
    made, names = set(), set()
    for call in sweep(baseline_view=baseline_view):
        assert call.stage not in names
        assert set(call.inputs.values()) <= made, call.stage
        assert not made & {*call.outputs.values(), call.manifest}, call.stage
        made |= {*call.outputs.values(), call.manifest}
        names.add(call.stage)


def test_stages_of_one_name_are_the_same_in_every_condition():
    for baseline_view in ("own", "dense"):
        known = {}
        for condition in sweep(baseline_view=baseline_view).conditions:
            for call in condition:
                assert known.setdefault(call.stage, call) == call


def test_views_share_the_scans_of_a_dose_and_seed():
    stages = [call.stage for call in sweep() if call.stage.startswith("simulate")]
    assert sorted(stages) == [
        f"simulate.dose_{dose}{part}" for dose in (1000, 10000) for part in ("", ".replicate_2")
    ]


def trainings(plan):
    return [call.stage for call in plan if call.stage.startswith("train-baseline")]


def test_a_baseline_is_trained_once_a_dose_and_seed_where_that_is_asked_for():
    assert len(trainings(sweep())) == 8
    dense = trainings(sweep(baseline_view="dense"))
    assert len(dense) == 4
    assert all(stage.endswith(".dense") for stage in dense)


def test_a_sparse_run_with_a_dense_baseline_has_what_that_is_trained_on():
    plan = make_plan(PhaseGParams(view="sparse", baseline_view="dense"))
    assert trainings(plan) == ["train-baseline.dose_1000.dense"]
    (replicate,) = plan.replicates
    assert "view.dose_1000.dense.train" in [call.stage for call in replicate.named("view")]
    baseline = replicate.named("predict-baseline")[0]
    assert "/dense/baseline/" in baseline.inputs["model"]
    assert "/sparse/" in baseline.inputs["view"]
    (own,) = replicate.named("train-ptychopinn")
    assert "/sparse/" in own.inputs["view"]


def test_summary_and_costs_are_over_all_conditions():
    plan = sweep()
    tables = {call.outputs["metrics"] for call in plan.comparisons}
    assert len(tables) == 2 * 2 * 2 * 2
    assert set(plan.summary.inputs) == tables
    sources = CostParams(**plan.costs.params).sources
    assert {source.table for source in sources} == tables


def test_the_plan_of_a_sweep_names_its_conditions(tmp_path):
    plan = sweep(hub=tmp_path)
    write_plan(tmp_path, plan)
    written = read_json(tmp_path / "plan/plan.json")
    assert len(PlanFile.model_validate(written).stages) == len(list(plan))
    assert [(c["dose"], c["view"], c["n_replicates"]) for c in written["conditions"]] == [
        (dose, view, 2) for dose in (1e3, 1e4) for view in ("dense", "sparse")
    ]
    stages = {entry["stage"] for entry in written["stages"]}
    assert all(set(condition["stages"]) < stages for condition in written["conditions"])
    assert written["parameters"]["doses"] == [1e3, 1e4]


def test_a_sweep_and_a_run_of_one_condition_tell_their_hubs_apart(tmp_path):
    write_plan(tmp_path, sweep(hub=tmp_path))
    single = make_plan(PhaseGParams(hub=tmp_path, profile="smoke", seeds=2))
    assert "doses: [1000.0, 10000.0] -> None" in stale_outputs(tmp_path, single)
    assert stale_outputs(tmp_path, sweep(hub=tmp_path)) == []
    dask = {"runner": "dask", "dask_address": "tcp://127.0.0.1:1"}
    assert stale_outputs(tmp_path, sweep(hub=tmp_path, **dask)) == [], "who runs it is no science"


def test_doses_and_views_are_sets_in_order():
    params = SweepParams(doses=(1e5, 1e3, 1e5), views=("sparse", "dense", "sparse"))
    assert params.doses == (1e3, 1e5)
    assert [view.value for view in params.views] == ["dense", "sparse"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"doses": ()}, "at least 1 item"),
        ({"views": ()}, "at least 1 item"),
        ({"doses": (1e3, -1.0)}, "positive, finite numbers of photons per pattern, got -1.0"),
        ({"doses": (float("nan"),)}, "got nan"),
        ({"runner": "dask"}, "needs dask_address. Give it, or run local"),
        ({"runner": "deployment"}, "needs deployment. Give it, or run local"),
        ({"dask_address": "tcp://a:1"}, "Leave dask_address out, or choose that runner"),
        ({"photons_per_pattern": 1e3}, "Extra inputs are not permitted"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValidationError, match=message):
        SweepParams(**options)


def test_the_probe_of_a_condition_keeps_what_was_left_to_the_profile():
    params = SweepParams(profile="study", probe={"defocus_rad": 12})
    (simulation,) = make_sweep_plan(params).replicates[0].named("simulate")
    assert simulation.params["probe"]["n_px"] == 128
    assert params.runner is Runner.LOCAL
