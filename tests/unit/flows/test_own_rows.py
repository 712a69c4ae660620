"""Rows that one run alone has: what a person may type, what is planned, and what is refused."""

import numpy as np
import pytest
import yaml

from flows.cli.command_line import main, sweep
from flows.hub.location import placed
from flows.hub.provenance import write_plan
from flows.hub.staleness import stale_outputs
from flows.params.measured import MeasuredParams
from flows.params.own_rows import SOLVER_ROOT, own_rows
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from flows.planning.solver_planner import PLACES, RUNS
from tasks.catalogue.own_rows import know_rows, know_rows_of, rows_of
from tasks.catalogue.reconstruction import Role
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import read_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.geometry.overlap import jittered_raster
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.hub_layout import PLAN
from tasks.core.study.seeds import Split
from tasks.runtime.errors import BadInputError

SMOKE = {"profile": "smoke", "photons_per_pattern": 1e4, "arms": ("PtyChi",)}


@pytest.fixture(autouse=True)
def _leave_the_catalogue_as_it_was():
    yield
    know_rows(())


@pytest.fixture
def object_file(tmp_path):
    rng = np.random.default_rng(1)
    np.save(tmp_path / "theirs.npy", 1 + 0.1j * rng.standard_normal((32, 32)))
    return tmp_path / "theirs.npy"


def write_solver(path, **fields):
    script = path.with_name("solve.py")
    script.write_text("print('hello')\n")
    content = {
        "name": "Mine",
        "command": ["python", "solve.py", "{scan}", "{out}"],
        "time_limit_s": 60,
        **fields,
    }
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
    return path


@pytest.fixture
def solver(tmp_path):
    return write_solver(tmp_path / "mine.yaml")


def plan_of(tmp_path, **options):
    return make_plan(PhaseGParams(**SMOKE | {"hub": tmp_path / "hub"} | options))


def stages_of(plan, function):
    return [call for call in plan if call.function == function]


def test_a_file_is_placed_on_the_test_split_and_read_by_its_comparison(tmp_path, object_file):
    plan = plan_of(tmp_path, reconstruction=(f"Theirs={object_file}",))
    (placing,) = stages_of(plan, PLACES)
    assert placing.stage == "place-theirs.dose_10000.dense.test"
    readers = [c.stage for c in plan.comparisons if "Theirs" in c.inputs]
    assert readers == ["compare.dose_10000.dense.test"]
    assert "Theirs" not in {source["model"] for source in plan.costs.params["sources"]}
    assert RECONSTRUCTIONS.get("Theirs").role is Role.VARIANT


def test_a_row_may_have_a_file_for_each_split(tmp_path, object_file):
    words = (f"Theirs={object_file}", f"Theirs:train={object_file}")
    plan = plan_of(tmp_path, reconstruction=words)
    assert {call.stage.rpartition(".")[2] for call in stages_of(plan, PLACES)} == {"train", "test"}
    assert [row.name for row in plan.rows] == ["Theirs"]


def test_a_solver_is_an_arm_with_costs_that_waits_for_trainings(tmp_path, solver):
    plan = plan_of(tmp_path, solver=(solver,), arms=("PtychoPINN", "PtyChi"), splits=("test",))
    (run,) = stages_of(plan, RUNS)
    assert run.stage in plan.replicates[0].waiting
    (source,) = [one for one in plan.costs.params["sources"] if one["model"] == "Mine"]
    assert (source["role"], source["manifest"]) == ("reconstruct", run.manifest)
    assert plan.summary.params["arms"] == ["PtychoPINN", "PtyChi", "Mine"]
    assert run.timeout_s > 60


def test_a_solver_has_halves_where_a_run_is_truth_free(tmp_path, solver):
    plan = plan_of(tmp_path, solver=(solver,), splits=("test",), truth_free=True)
    assert len(stages_of(plan, RUNS)) == len(stages_of(plan, PLACES)) == 3
    (comparison,) = plan.comparisons
    assert {"Mine", "Mine.odd", "Mine.even"} <= comparison.inputs.keys()
    made = {path for call in plan for path in call.outputs.values()}
    assert set(comparison.inputs.values()) <= made


def test_a_sweep_has_a_solver_in_every_condition(tmp_path, solver):
    from flows.params.sweep import SweepParams
    from flows.planning.plan import make_sweep_plan

    params = SweepParams(profile="smoke", arms=("PtyChi",), solver=(solver,), hub=tmp_path)
    plan = make_sweep_plan(params)
    assert len(stages_of(plan, RUNS)) == 2 * len(plan.conditions)


def test_a_run_without_own_rows_has_the_plan_that_it_had(tmp_path, object_file, solver):
    plan_of(tmp_path, reconstruction=(f"Theirs={object_file}",), solver=(solver,))
    plan = plan_of(tmp_path)
    assert not RECONSTRUCTIONS.brought
    (tmp_path / "hub").mkdir()
    write_plan(tmp_path / "hub", plan)
    content = read_json(tmp_path / "hub" / PLAN)
    assert "own_rows" not in content
    assert not {"reconstruction", "solver"} & content["parameters"].keys()
    asked_for = {arm.name for arm in RECONSTRUCTIONS.arms} - set(RECONSTRUCTIONS.default_arms)
    assert set(content["reconstructions"]) == set(RECONSTRUCTIONS.registered) - asked_for


def test_whoever_reads_a_hub_knows_its_rows_and_forgets_them_with_the_next(tmp_path, solver):
    (tmp_path / "hub").mkdir()
    write_plan(tmp_path / "hub", plan_of(tmp_path, solver=(solver,)))
    know_rows(())
    know_rows_of(tmp_path / "hub")
    assert RECONSTRUCTIONS.get("Mine").role is Role.ARM
    assert RECONSTRUCTIONS.colour_of("Mine").startswith("#")
    know_rows_of(tmp_path / "hub", tmp_path)
    assert "Mine" in RECONSTRUCTIONS.entries
    know_rows_of(tmp_path)
    assert "Mine" not in RECONSTRUCTIONS.entries
    assert "Mine" not in read_json(tmp_path / "hub" / PLAN)["reconstructions"]


def test_an_entry_of_the_catalogue_stays_what_it_is_whatever_a_hub_brings(tmp_path, solver):
    (row,) = plan_of(tmp_path, solver=(solver,)).rows
    before = RECONSTRUCTIONS.get("PtyChi")
    know_rows([row.model_copy(update={"name": "ptychi"}), row])
    assert [entry.name for entry in RECONSTRUCTIONS.brought] == ["Mine"]
    assert RECONSTRUCTIONS.get("PtyChi") is before
    # Two hubs may bring the same name: the last one says what it is.
    know_rows([row, row.model_copy(update={"description": "another"})])
    assert RECONSTRUCTIONS.get("Mine").description == "another"


def test_a_plan_with_damaged_rows_has_none(tmp_path):
    (tmp_path / "plan").mkdir()
    (tmp_path / PLAN).write_text('{"own_rows": [{"name": "<b>"}]}')
    assert rows_of(tmp_path) == []


def test_other_content_makes_a_hub_stale_and_another_place_does_not(tmp_path, object_file, solver):
    options = {"reconstruction": (f"Theirs={object_file}",), "solver": (solver,)}
    (tmp_path / "hub").mkdir()
    write_plan(tmp_path / "hub", plan_of(tmp_path, **options))
    assert stale_outputs(tmp_path / "hub", plan_of(tmp_path, **options)) == []
    other = tmp_path / "other"
    other.mkdir()
    moved = write_solver(other / "mine.yaml")
    assert (
        stale_outputs(tmp_path / "hub", plan_of(tmp_path, **options | {"solver": (moved,)})) == []
    )
    (other / "solve.py").write_text("print('another')\n")
    (line,) = stale_outputs(tmp_path / "hub", plan_of(tmp_path, **options | {"solver": (moved,)}))
    assert line.startswith("solver.Mine")
    assert stale_outputs(tmp_path / "hub", plan_of(tmp_path))


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("{file}", "NAME=FILE"),
        ("={file}", "NAME=FILE"),
        ("A:whole={file}", "names the split 'whole'"),
        ("PtyChi={file}", "PtyChi of the catalogue"),
        ("blurred={file}", "Blurred of the catalogue"),
        ("<b>={file}", "a name must match"),
        ("a/b={file}", "a name must match"),
        ("truth={file}", "means something else"),
        ("path={file}", "means something else"),
        ("Mine_odd={file}", "means something else"),
        ("PtyChi_iterates={file}", "means something else"),
        ("A=nothing.npy", "is not there"),
    ],
)
def test_a_word_that_will_not_do_is_refused_in_words(word, why, object_file, tmp_path, capsys):
    words = ["--profile", "smoke", "--hub", str(tmp_path / "hub"), "--collect-only"]
    words += ["--reconstruction", word.format(file=object_file)]
    assert main(words) == 2
    assert why in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "hub").exists()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.ones((32, 32)), "must be complex"),
        (np.ones((4, 32, 32), dtype=complex), "several layers"),
        (np.full((32, 32), np.nan + 0j), "not finite"),
        (np.zeros((32, 32), dtype=complex), "zero everywhere"),
        (np.ones((4, 4), dtype=complex), "at least 16"),
    ],
)
def test_an_object_that_cannot_be_scored_is_refused_before_the_run(tmp_path, values, why):
    np.save(tmp_path / "bad.npy", values)
    with pytest.raises(BadInputError, match=why) as refusal:
        plan_of(tmp_path, reconstruction=(f"Bad={tmp_path / 'bad.npy'}",))
    assert "--reconstruction Bad=" in str(refusal.value)


def test_two_rows_of_one_name_are_refused(tmp_path, object_file, solver):
    with pytest.raises(ValueError, match="Two rows of the test split are called 'theirs'"):
        PhaseGParams(reconstruction=(f"Theirs={object_file}", f"theirs={object_file}"))
    with pytest.raises(BadInputError, match="a row of this name already"):
        plan_of(tmp_path, reconstruction=(f"mine={object_file}",), solver=(solver,))
    with pytest.raises(BadInputError, match="a row of this name already"):
        plan_of(tmp_path, solver=(solver, solver))


def test_a_file_for_a_split_that_the_run_has_not_is_refused(tmp_path, object_file):
    with pytest.raises(BadInputError, match="for the train split, and the run has none"):
        plan_of(tmp_path, splits=("test",), reconstruction=(f"A:train={object_file}",))


def test_a_file_belongs_to_one_condition_and_replicate(object_file, capsys):
    with pytest.raises(ValueError, match="each of 2 replicates has its own"):
        PhaseGParams(seeds=2, reconstruction=(f"A={object_file}",))
    assert sweep(["--reconstruction", f"A={object_file}", "--collect-only"]) == 2
    assert "one dose and view" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"command": "python solve.py {scan} {out}"}, "The command is a list of words"),
        ({"command": ["python", "{scan}"]}, "lacks {out}"),
        ({"command": ["python", "{scan}", "{out}", "{truth}"]}, "names none of {scan}"),
        ({"command": ["python", "{scan}", "{out}", "{"]}, "has a brace alone"),
        ({"command": ["no-such-program", "{scan}", "{out}"]}, "neither on the PATH nor a file"),
        ({"command": ["solve.py", "{scan}", "{out}"]}, "cannot be executed"),
        ({"command": ["python", {"scan": None}, "{out}"]}, "stand in quotes"),
        ({"command": []}, "command"),
        ({"time_limit_s": 0}, "time-limit-s"),
        ({"time_limit_s": None}, "time-limit-s"),
        ({"shell": True}, "shell"),
        ({"colour": "red"}, "colour"),
        ({"out": "../elsewhere.npy"}, "out"),
        ({"name": "Flat"}, "Flat of the catalogue"),
        ({"name": "a/b"}, "a name must match"),
    ],
)
def test_a_description_that_will_not_do_is_refused_in_words(tmp_path, fields, why):
    path = write_solver(tmp_path / "mine.yaml", **fields)
    with pytest.raises(BadInputError) as refusal:
        plan_of(tmp_path, solver=(path,))
    assert why in str(refusal.value)
    assert "mine.yaml" in str(refusal.value) or "Mine" in str(refusal.value)


@pytest.mark.parametrize("content", ["- a list\n", "{", "\x00", ""])
def test_what_is_no_description_is_refused(tmp_path, content):
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(BadInputError, match="The solver"):
        plan_of(tmp_path, solver=(tmp_path / "mine.yaml",))
    with pytest.raises(BadInputError, match="is not there"):
        plan_of(tmp_path, solver=(tmp_path / "none.yaml",))


def test_a_form_starts_no_command_unless_the_owner_of_the_worker_says_which(
    tmp_path, solver, monkeypatch
):
    monkeypatch.setattr("flows.params.own_rows.deployment", type("Run", (), {"id": "some"}))
    monkeypatch.delenv(SOLVER_ROOT, raising=False)
    with pytest.raises(BadInputError, match="starts no command of its own"):
        placed(PhaseGParams(solver=(solver,)))
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    monkeypatch.setenv(SOLVER_ROOT, str(allowed))
    for path in (solver, "../mine.yaml", "none.yaml"):
        with pytest.raises(BadInputError, match="is no file below"):
            placed(PhaseGParams(solver=(path,)))
    theirs = write_solver(allowed / "theirs.yaml")
    assert placed(PhaseGParams(solver=("theirs.yaml",))).solver == (theirs.resolve(),)


def test_a_form_names_reconstructions_below_the_data_root_alone(tmp_path, object_file, monkeypatch):
    monkeypatch.setattr("flows.params.own_rows.deployment", type("Run", (), {"id": "some"}))
    monkeypatch.delenv("PHASE_G_DATA_ROOT", raising=False)
    with pytest.raises(BadInputError, match="below the data root alone"):
        placed(PhaseGParams(reconstruction=(f"A={object_file}",)))
    monkeypatch.setenv("PHASE_G_DATA_ROOT", str(tmp_path))
    found = placed(PhaseGParams(reconstruction=("A:train=theirs.npy",)))
    assert found.reconstruction == (f"A:train={object_file}",)
    with pytest.raises(BadInputError, match=r"The reconstruction .* leads out"):
        placed(PhaseGParams(reconstruction=("A=../theirs.npy",)))


def test_what_is_read_knows_its_files_by_their_places(tmp_path, object_file, solver):
    found = own_rows(PhaseGParams(reconstruction=(f"A={object_file}",), solver=(solver,)))
    assert [row.name for row in found.rows] == ["A", "Mine"]
    assert found.rows[0].splits == (Split.TEST,)
    assert found.solvers[0][0] == solver.resolve()
    assert len({row.colour for row in found.rows}) == 2


def test_on_a_measured_scan_they_are_placed_in_the_reference(tmp_path, object_file, solver):
    positions = jittered_raster(20, 9, 4.0, 0.5, np.random.default_rng(1)) + 20
    probe = 10 * defocused_zone_plate_probe(16, 0.5, 0.2, 3.0)
    counts = np.full((len(positions), 16, 16), 3, dtype=np.uint16)
    scan = Scan(counts, positions, probe, Geometry(8000.0, 2.0, 75e-6), {})
    write_scan(tmp_path / "scan.cxi", scan)
    params = PhaseGParams(
        measured=MeasuredParams(file=tmp_path / "scan.cxi"),
        arms=("PtyChi",),
        hub=tmp_path / "hub",
        reconstruction=(f"Theirs={object_file}",),
        solver=(solver,),
    )
    plan = make_plan(params)
    assert all("reference" in call.inputs for call in stages_of(plan, PLACES))
    # All exposures, and each half of them, of both splits.
    assert len(stages_of(plan, RUNS)) == 6
    made = set()
    for call in plan:
        assert set(call.inputs.values()) <= made, call.stage
        made |= {*call.outputs.values(), call.manifest}
