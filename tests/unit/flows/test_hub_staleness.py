import json
from pathlib import Path

import numpy as np
import pytest

from flows.execution.attempt import clear_blocker, record_attempt, write_blocker
from flows.hub.location import check_place
from flows.hub.provenance import commands_doc, write_plan
from flows.hub.staleness import (
    archive_files,
    archive_stale_outputs,
    differences,
    refuse_stale_hub,
    stale_outputs,
)
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.study.hub_layout import PLAN
from tasks.runtime.errors import BadInputError, StageFailedError, StaleHubError


def plan_for(hub, **changes):
    return make_plan(PhaseGParams(hub=hub, **changes))


def fill(hub: Path, plan) -> None:
    """Put a file where every stage of a plan writes one."""
    write_plan(hub, plan)
    for call in plan:
        for path in (*call.outputs.values(), call.manifest, call.log):
            (hub / path).parent.mkdir(parents=True, exist_ok=True)
            (hub / path).write_text(call.stage)


def files_of(hub: Path) -> set[str]:
    return {p.relative_to(hub).as_posix() for p in hub.rglob("*") if p.is_file()}


def test_a_hub_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "hub").write_text("a file")
    for hub in (tmp_path / "hub", tmp_path / "hub" / "below"):
        with pytest.raises(BadInputError, match=r"is a file. Give another --hub"):
            check_place(hub)


def test_a_hub_that_is_not_writable_is_refused(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(BadInputError, match=r"not writable.*Permission denied"):
        check_place(tmp_path)


def test_a_place_is_checked_without_making_it(tmp_path):
    check_place(tmp_path / "new" / "hub")
    assert not list(tmp_path.iterdir())


def test_an_empty_hub_and_one_of_the_same_parameters_are_not_stale(tmp_path):
    plan = plan_for(tmp_path)
    assert stale_outputs(tmp_path, plan) == []
    fill(tmp_path, plan)
    assert stale_outputs(tmp_path, plan) == []


def test_a_stale_hub_is_refused_with_the_difference_and_keeps_everything(tmp_path):
    fill(tmp_path, plan_for(tmp_path))
    before = files_of(tmp_path)
    with pytest.raises(StaleHubError, match=r"seed: 42 -> 43.*--clobber"):
        refuse_stale_hub(tmp_path, plan_for(tmp_path, seed=43))
    with pytest.raises(StaleHubError, match=r"photons_per_pattern: 1000\.0 -> 10000\.0"):
        refuse_stale_hub(tmp_path, plan_for(tmp_path, photons_per_pattern=1e4))
    assert files_of(tmp_path) == before


def test_a_hub_of_an_arm_that_the_catalogue_lacks_says_so(tmp_path, monkeypatch):
    plan = plan_for(tmp_path)
    fill(tmp_path, plan)
    written = read_json(tmp_path / PLAN)
    write_json(tmp_path / PLAN, written | {"reconstructions": ["PtyChi", "MySolver"]})
    with pytest.raises(StaleHubError, match=r"was made with MySolver, which is not in the cat"):
        refuse_stale_hub(tmp_path, plan)
    why = "the entry point MySolver does not import"
    monkeypatch.setitem(RECONSTRUCTIONS.broken, "MySolver", why)
    with pytest.raises(StaleHubError, match=rf"made with MySolver, and {why}. Mend or remove"):
        refuse_stale_hub(tmp_path, plan)


def test_another_fault_or_probe_is_named_by_its_option(tmp_path):
    fill(tmp_path, plan_for(tmp_path))
    with pytest.raises(StaleHubError, match=r"\(instrument.readout_noise_photons: 0.0 -> 2.0\)"):
        refuse_stale_hub(tmp_path, plan_for(tmp_path, instrument={"readout_noise_photons": 2}))
    with pytest.raises(StaleHubError, match=r"\(probe.defocus_rad: 8.0 -> 7.0\)"):
        refuse_stale_hub(tmp_path, plan_for(tmp_path, probe={"defocus_rad": 7}))
    refuse_stale_hub(tmp_path, plan_for(tmp_path, probe={"defocus_rad": 8.0}))


def test_an_option_that_is_newer_than_the_hub_and_off_makes_it_not_stale(tmp_path):
    fill(tmp_path, plan_for(tmp_path))
    written = read_json(tmp_path / PLAN)
    del written["parameters"]["adapt_steps"]
    del written["parameters"]["instrument"]["readout_noise_photons"]
    write_json(tmp_path / PLAN, written)
    assert stale_outputs(tmp_path, plan_for(tmp_path)) == []
    assert stale_outputs(tmp_path, plan_for(tmp_path, adapt_steps=5)) == ["adapt_steps: None -> 5"]
    noisy = plan_for(tmp_path, instrument={"readout_noise_photons": 2})
    assert stale_outputs(tmp_path, noisy) == ["instrument.readout_noise_photons: None -> 2.0"]


def test_a_named_file_is_known_by_its_content_wherever_it_lies(tmp_path):
    hub, folders = tmp_path / "hub", [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
        np.save(folder / "scan.npy", 220 * np.random.default_rng(1).random((1200, 2)))
    plans = [
        plan_for(hub, scan={"kind": "file", "path": folder / "scan.npy"}) for folder in folders
    ]
    fill(hub, plans[0])
    text = (hub / "plan/plan.json").read_text()
    assert str(tmp_path) not in text
    assert '"../here/scan.npy"' in text, "from the hub, where the stages stand"
    assert stale_outputs(hub, plans[1]) == []
    np.save(folders[1] / "scan.npy", 220 * np.random.default_rng(2).random((1200, 2)))
    other = plan_for(hub, scan={"kind": "file", "path": folders[1] / "scan.npy"})
    assert stale_outputs(hub, other)[0].startswith("scan.file_sha256: ")


@pytest.mark.parametrize("content", ["{", "[]", '{"parameters": 3}'])
def test_a_hub_whose_plan_is_damaged_is_stale(tmp_path, content):
    plan = plan_for(tmp_path)
    fill(tmp_path, plan)
    (tmp_path / "plan/plan.json").write_text(content)
    assert stale_outputs(tmp_path, plan)


def test_outputs_without_a_plan_are_stale(tmp_path):
    plan = plan_for(tmp_path)
    fill(tmp_path, plan)
    (tmp_path / "plan/plan.json").unlink()
    assert "plan/plan.json is missing" in stale_outputs(tmp_path, plan)[0]


def test_clobber_moves_all_outputs_of_another_seed_to_the_archive(tmp_path):
    fill(tmp_path, plan_for(tmp_path))
    before = files_of(tmp_path)
    archive = archive_stale_outputs(tmp_path, plan_for(tmp_path, seed=43))
    assert archive.parent == tmp_path / "archive"
    assert files_of(archive) == before
    assert files_of(tmp_path) - {f"archive/{archive.name}/{f}" for f in before} == set()


def test_archives_of_one_second_are_folders_of_their_own(tmp_path):
    archives = []
    for number in range(3):
        write_text(tmp_path / "analysis/notes.md", str(number))
        archives.append(archive_files(tmp_path, ["analysis/notes.md"]))
    assert [(a / "analysis/notes.md").read_text() for a in archives] == ["0", "1", "2"]
    assert len(set(archives)) == 3


def test_clobber_keeps_what_the_new_plan_would_make_just_so(tmp_path):
    old = plan_for(tmp_path, splits=("test",))
    fill(tmp_path, old)
    archive = archive_stale_outputs(tmp_path, plan_for(tmp_path, splits=("train", "test")))
    moved = files_of(archive)
    assert "analysis/metrics_summary.json" in moved
    assert old.replicates[0].named("simulate")[0].outputs["train"] in files_of(tmp_path)
    assert not {path for path in moved if path.startswith("data/")}


def test_clobber_does_nothing_to_a_hub_that_is_not_stale(tmp_path):
    plan = plan_for(tmp_path)
    fill(tmp_path, plan)
    before = files_of(tmp_path)
    assert archive_stale_outputs(tmp_path, plan) is None
    assert files_of(tmp_path) == before


def test_clobber_archives_a_hub_with_a_damaged_plan(tmp_path):
    plan = plan_for(tmp_path)
    fill(tmp_path, plan)
    (tmp_path / "plan/plan.json").write_text("{")
    archive = archive_stale_outputs(tmp_path, plan)
    assert "data/phase_c/dose_1000/truth.h5" in files_of(archive)
    assert stale_outputs(tmp_path, plan) == []


def test_differences_name_the_leaf():
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == [
        "a.c: 2 -> 3",
        "d: None -> 4",
    ]


def test_the_plan_names_everything_relative_to_the_hub(tmp_path):
    write_plan(tmp_path, plan_for(tmp_path))
    plan = read_json(tmp_path / "plan/plan.json")
    assert str(tmp_path) not in json.dumps(plan)
    assert plan["parameters"]["seed"] == 42
    assert plan["versions"]["prefect"].startswith("3.")
    assert plan["machine"]["cores"] >= 1
    assert plan["stages"][0]["cache_key"].startswith("simulate.dose_1000-")
    assert plan["stages"][1]["cache_key"] is None


def test_no_reconstructor_reads_the_truth_but_the_baseline_in_training(tmp_path):
    readers = {c.stage.split(".")[0] for c in plan_for(tmp_path) if "truth" in c.inputs}
    assert readers == {"train-baseline", "compare"}


def test_the_commands_document_must_exist(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTHORITATIVE_CMDS_DOC", raising=False)
    assert commands_doc()["name"] == "docs/TESTING_GUIDE.md"
    monkeypatch.setenv("AUTHORITATIVE_CMDS_DOC", str(tmp_path / "none.md"))
    with pytest.raises(BadInputError, match="must name an existing file"):
        commands_doc()
    (tmp_path / "own.md").write_text("commands")
    monkeypatch.setenv("AUTHORITATIVE_CMDS_DOC", str(tmp_path / "own.md"))
    assert commands_doc()["name"] == "own.md"


def test_the_plan_says_who_publishes_the_hub(tmp_path, monkeypatch):
    plan = make_plan(PhaseGParams(hub=tmp_path))
    monkeypatch.setenv("PHASE_G_PUBLISHER", " A beamline <https://ror.org/03f0f6041> ")
    write_plan(tmp_path, plan)
    assert read_json(tmp_path / PLAN)["publisher"] == "A beamline <https://ror.org/03f0f6041>"
    monkeypatch.setenv("PHASE_G_PUBLISHER", "<nobody>")
    with pytest.raises(BadInputError, match="unset it"):
        write_plan(tmp_path, plan)


def test_a_blocker_holds_stage_command_exception_and_last_lines(tmp_path):
    lines = [f"line {number}" for number in range(50)]
    failure = StageFailedError(
        "compare", "python -m x", "ValueError", "no", lines, is_transient=False
    )
    write_blocker(tmp_path, failure)
    blocker = read_json(tmp_path / "analysis/blocker.json")
    assert (blocker["stage"], blocker["exception"]) == ("compare", "ValueError")
    assert blocker["log_tail"] == lines
    assert "line 49" in (tmp_path / "analysis/blocker.txt").read_text()
    clear_blocker(tmp_path)
    assert not list((tmp_path / "analysis").iterdir())


def test_attempts_are_appended_and_never_rewritten(tmp_path):
    record_attempt(tmp_path, "2026-01-01T00:00:00Z", "failed", {"a": 1})
    first = (tmp_path / "summary/attempts.jsonl").read_bytes()
    record_attempt(tmp_path, "2026-01-02T00:00:00Z", "success", {"a": 2})
    content = (tmp_path / "summary/attempts.jsonl").read_bytes()
    assert content.startswith(first)
    assert [json.loads(line)["result"] for line in content.splitlines()] == ["failed", "success"]
