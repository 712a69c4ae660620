"""Networks of another hub in place of a training: the plan, the copies, and what is refused."""

import shutil
from hashlib import sha256

import numpy as np
import orjson
import pytest

from flows.hub.provenance import write_plan
from flows.hub.staleness import stale_outputs
from flows.params.profiles import resolve
from flows.params.run import PhaseGParams
from flows.params.sweep import SweepParams
from flows.planning.plan import make_plan, make_sweep_plan
from flows.planning.taken_networks import FUNCTION
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import read_json, write_bytes, write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.physics.probe import energy_diameter_px, probe_sha256
from tasks.core.study.stage_record import FileRef, StageFiles, StageRecord, silent
from tasks.networks.architectures import ARCHITECTURES
from tasks.networks.code_fingerprint import network_code_sha256
from tasks.networks.exposures import InputGeometry
from tasks.networks.model_record import CODE_SHA256, DataRecord, ModelRecord, write_model_record
from tasks.runtime.errors import BadInputError
from tasks.simulate.fly_scan import make_probe_modes
from tasks.train.taking_stage import TakingParams, take_network

SMOKE = {"profile": "smoke", "photons_per_pattern": 1e4}
TRAINS = "tasks.train.stage:train"


def store_network(hub, arm, dose, modes, view="dense", cpu_s=12.5):
    """Leave in a hub what training leaves there."""
    folder = f"data/phase_e/dose_{dose}/{view}/{arm.lower()}/gs16"
    scan = f"data/phase_c/dose_{dose}/train.cxi"
    positions = np.array([[40.0, 40.0], [40.0, 48.0]])
    counts = np.ones((2, *modes.shape[1:]), dtype=np.uint16)
    write_scan(hub / scan, Scan(counts, positions, modes[0], Geometry(8000.0, 2.0, 75e-6), {}))
    weights = f"{arm} at {dose}".encode()
    write_bytes(hub / folder / "model.weights.h5", weights)
    record = ModelRecord(
        arm=arm,
        architecture=ARCHITECTURES["unrolled"].sizes,
        optics=InputGeometry.of(modes),
        data=DataRecord(
            n_px=modes.shape[-1],
            photons_per_pattern=dose,
            probe_diameter_px=energy_diameter_px(modes),
            probe_sha256=probe_sha256(modes),
        ),
        weights_sha256=sha256(weights).hexdigest(),
        training={CODE_SHA256: network_code_sha256()},
    )
    write_model_record(hub / folder / "model.json", record)
    outputs = {"model": f"{folder}/model.json", "weights": f"{folder}/model.weights.h5"}
    manifest = StageRecord(
        stage=f"train-{arm.lower()}.dose_{dose}.{view}",
        phase="E",
        cache_key="key",
        params={},
        inputs={"scan": FileRef.of(hub, scan)},
        outputs={name: FileRef.of(hub, path) for name, path in outputs.items()},
        facts={"n_patterns": 225},
        wall_s=20.0,
        cpu_s=cpu_s,
        peak_memory_mib=1.0,
        versions={},
    )
    write_json(hub / folder / "manifest.json", manifest.model_dump(mode="json"))


def probe_of(**options):
    return make_probe_modes(resolve(PhaseGParams(**SMOKE | options)).simulation)


@pytest.fixture
def source(tmp_path):
    """Return a hub with both networks, at 1e4 photons and in the dense view."""
    hub = tmp_path / "trained"
    for arm in RECONSTRUCTIONS.networks:
        store_network(hub, arm.name, 10000, probe_of())
    write_plan(hub, make_plan(PhaseGParams(hub=hub, **SMOKE)))
    return hub


def plan_with(source, **options):
    params = {"hub": source.parent / "run", "networks_from": source} | SMOKE | options
    return make_plan(PhaseGParams(**params))


def takes(plan):
    return [call for call in plan if call.function == FUNCTION]


@pytest.mark.parametrize("options", [{}, {"seeds": 2, "refine": 2, "truth_free": True}])
def test_nothing_is_trained_and_every_file_is_made_before_it_is_read(source, options):
    plan = plan_with(source, **options)
    assert not [call.stage for call in plan if call.function == TRAINS]
    made = set()
    for call in plan:
        assert set(call.inputs.values()) <= made, call.stage
        made |= {*call.outputs.values(), call.manifest}
    names = [call.stage.partition(".")[0] for call in takes(plan)]
    assert names == ["take-ptychopinn", "take-baseline"] * options.get("seeds", 1)


def test_a_sweep_takes_the_nearest_network_and_says_how_far_it_is(source):
    store_network(source, "PtychoPINN", 100000, probe_of())
    params = {"hub": source.parent / "sweep", "networks_from": source, "profile": "smoke"}
    plan = make_sweep_plan(SweepParams(doses=(1e4, 1e5), **params))
    found = {call.stage: call.params for call in takes(plan)}
    assert found["take-ptychopinn.dose_100000.dense"]["dose_ratio"] == 1
    assert found["take-baseline.dose_100000.dense"]["dose_ratio"] == pytest.approx(0.1)
    assert found["take-baseline.dose_100000.sparse"]["other_view"]
    assert not found["take-baseline.dose_10000.dense"]["other_view"]


def test_another_kind_of_sample_is_noticed_and_another_seed_is_not(source):
    assert not takes(plan_with(source, seed=7))[0].params["other_sample"]
    other = plan_with(source, sample={"kind": "random_lines"})
    assert takes(other)[0].params["other_sample"]


def test_the_files_are_copied_and_no_place_of_this_machine_is_named(source, tmp_path, monkeypatch):
    plan = plan_with(source)
    call = takes(plan)[0]
    hub = plan.params.hub
    shutil.copytree(source / "data/phase_c", hub / "data/phase_c")
    monkeypatch.chdir(hub)
    files = StageFiles(
        {name: hub / path for name, path in call.inputs.items()},
        {name: hub / path for name, path in call.outputs.items()},
    )
    facts = take_network(TakingParams.model_validate(call.params), files, silent)
    for name in ("model", "weights"):
        path = call.outputs[name]
        assert (hub / path).read_bytes() == (source / path).read_bytes()
    record = read_json(hub / call.outputs["source"])
    assert record["source"] == "trained/data/phase_e/dose_10000/dense/ptychopinn/gs16"
    assert record["weights_sha256"] == sha256(b"PtychoPINN at 10000").hexdigest()
    assert record["differences"]["trained_probe_likeness"] == 1
    assert facts["source_training_cpu_s"] == 12.5
    assert str(tmp_path) not in orjson.dumps([call.params, record, plan.science]).decode()


def test_a_network_that_is_taken_twice_keeps_its_cost(source, tmp_path):
    plan = plan_with(source)
    hub = plan.params.hub
    for call in takes(plan):
        for name in ("model", "weights"):
            write_bytes(hub / call.outputs[name], (source / call.outputs[name]).read_bytes())
        manifest = read_json(source / call.manifest)
        manifest["facts"] |= {"source_training_cpu_s": 12.5}
        write_json(hub / call.manifest, manifest | {"cpu_s": 0.1})
    shutil.copytree(source / "data/phase_c", hub / "data/phase_c")
    write_plan(hub, plan)
    again = plan_with(hub, hub=tmp_path / "third")
    assert {call.params["training_cpu_s"] for call in takes(again)} == {12.5}


def test_hubs_of_before_are_not_stale_and_other_networks_make_one_stale(source, tmp_path):
    own = PhaseGParams(hub=tmp_path / "own", **SMOKE)
    write_plan(own.hub, make_plan(own))
    assert "networks_from" not in read_json(own.hub / "plan/plan.json")["parameters"]
    assert stale_outputs(own.hub, make_plan(own)) == []
    assert any("networks_from" in line for line in stale_outputs(own.hub, plan_with(source)))
    taken = plan_with(source)
    write_plan(taken.params.hub, taken)
    assert stale_outputs(taken.params.hub, plan_with(source)) == []
    for arm in RECONSTRUCTIONS.networks:
        store_network(source, arm.name, 10000, probe_of(), cpu_s=1.0)
    assert stale_outputs(taken.params.hub, plan_with(source)) == []
    store_network(source, "PtychoPINN", 10000, replace_phase(probe_of()))
    assert stale_outputs(taken.params.hub, plan_with(source))


def replace_phase(modes):
    """Return nearly the same probe, of another fingerprint."""
    rows = np.arange(modes.shape[-1])
    return modes * np.exp(0.002j * rows)


def test_a_hub_without_networks_is_refused(source, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=r"holds no plan/plan\.json"):
        plan_with(tmp_path / "empty", hub=tmp_path / "run")
    shutil.rmtree(source / "data/phase_e/dose_10000/dense/baseline")
    with pytest.raises(BadInputError, match="holds no network of Baseline"):
        plan_with(source)
    with pytest.raises(BadInputError, match="is the hub of the run itself"):
        plan_with(source, hub=source)


def test_networks_of_another_probe_or_size_are_refused(source):
    with pytest.raises(BadInputError, match=r"another probe: the normed inner product.* 0\."):
        plan_with(source, probe={"defocus_rad": 12.0})
    with pytest.raises(BadInputError, match="patterns of 64 px, and those of this run have 128 px"):
        plan_with(source, profile="study")
    with pytest.raises(BadInputError, match="architecture unrolled .*, and the run asks for patch"):
        plan_with(source, architecture="patch")
    with pytest.raises(BadInputError, match=r"passes=2, and .* passes=3\. Give --architecture, --tr"):
        plan_with(source, training={"passes": 3})


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"arms": ["PtyChi"]}, "for PtychoPINN or Baseline, and the arms of the run are PtyChi"),
        ({"training": {"steps": 5}}, r"training\.steps has no effect. Leave one of the two out"),
    ],
)
def test_networks_of_another_hub_that_would_not_be_used_are_refused(source, options, cure):
    with pytest.raises(ValueError, match=cure):
        plan_with(source, **options)


def test_networks_of_another_version_or_changed_by_hand_are_refused(source):
    folder = source / "data/phase_e/dose_10000/dense/ptychopinn/gs16"
    weights = (folder / "model.weights.h5").read_bytes()
    write_bytes(folder / "model.weights.h5", weights + b"!")
    with pytest.raises(BadInputError, match="changed or cut short"):
        plan_with(source)
    write_bytes(folder / "model.weights.h5", weights)
    content = read_json(folder / "model.json")
    content["training"][CODE_SHA256] = 64 * "0"
    write_json(folder / "model.json", content)
    with pytest.raises(BadInputError, match="was changed since it was made"):
        plan_with(source)
    (folder / "manifest.json").write_bytes(
        (folder / "manifest.json").read_bytes().replace(b'"model"', b'"former"')
    )
    with pytest.raises(BadInputError, match="another version of this project"):
        plan_with(source)


def test_a_network_of_another_dose_is_not_fine_tuned(source):
    with pytest.raises(BadInputError, match="Leave --adapt-steps out"):
        plan_with(source, photons_per_pattern=1e3, adapt_steps=5)
    assert takes(plan_with(source, photons_per_pattern=1e3))[0].params["dose_ratio"] == 10
