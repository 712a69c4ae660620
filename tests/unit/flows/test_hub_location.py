import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from prefect.runtime import deployment
from pydantic import ValidationError

from flows.cli.command_line import main
from flows.hub.location import HUB_ROOT_VARIABLE, bytes_needed, check_space, confined, hub_place
from flows.params.run import PhaseGParams, Profile
from flows.params.sweep import SweepParams
from flows.planning.plan import make_plan
from tasks.runtime.errors import BadInputError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    return root


def of_free_mib(mib):
    return lambda _path: Usage(10**12, 0, mib * 2**20)


def test_without_a_root_a_hub_lies_where_it_always_did(tmp_path, monkeypatch):
    monkeypatch.delenv(HUB_ROOT_VARIABLE, raising=False)
    params = PhaseGParams()
    assert hub_place(params.hub) == params.hub
    assert hub_place(tmp_path / "hub") == tmp_path / "hub"


def test_a_relative_hub_of_a_command_line_lies_below_the_root(root, tmp_path, monkeypatch):
    monkeypatch.setenv(HUB_ROOT_VARIABLE, str(root))
    params = PhaseGParams(hub="runs/mine")
    assert hub_place(params.hub) == root / "runs/mine"
    # A person at a shell may name any folder.
    assert hub_place(tmp_path / "else") == tmp_path / "else"


def test_the_hub_of_a_triggered_run_is_confined_to_the_root(root, tmp_path, monkeypatch):
    monkeypatch.setattr(deployment, "id", "a deployment", raising=False)
    monkeypatch.setenv(HUB_ROOT_VARIABLE, str(root))
    assert hub_place(root.relative_to(root) / "mine") == root / "mine"
    with pytest.raises(BadInputError, match="must lie below the hub root"):
        hub_place(tmp_path / "else")
    monkeypatch.delenv(HUB_ROOT_VARIABLE)
    monkeypatch.chdir(root)
    assert hub_place(root / "mine") == root / "mine"
    with pytest.raises(BadInputError, match="must lie below the hub root"):
        hub_place(tmp_path / "else")


@pytest.mark.parametrize(
    "hub",
    ["..", "../out", "a/../b", "a/../../out", "/etc", "/etc/../tmp/x", ".", "", "link", "link/x"],
)
def test_no_way_leads_out_of_the_root(root, tmp_path, hub):
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(BadInputError, match=r"must lie below the hub root.*Give a relative path"):
        confined(Path(hub), root)
    assert [path.name for path in root.iterdir()] == ["link"]


@pytest.mark.parametrize("params", [PhaseGParams, SweepParams])
def test_a_form_with_an_empty_hub_is_refused(params):
    assert str(params().hub).startswith("runs/")
    with pytest.raises(ValidationError, match="name of the hub is empty"):
        params(hub="")


def test_an_absolute_path_and_a_link_within_the_root_are_taken(root):
    (root / "disk").mkdir()
    (root / "link").symlink_to(root / "disk")
    assert confined(root / "a/b", root) == root / "a/b"
    assert confined(PhaseGParams(hub="link/x").hub, root) == root / "disk/x"


def test_a_root_that_is_a_link_is_followed(root, tmp_path):
    (tmp_path / "alias").symlink_to(root)
    assert confined(PhaseGParams(hub="mine").hub, tmp_path / "alias") == root / "mine"


def test_a_folder_that_is_no_hub_is_left_alone(root):
    for name in ("tasks", ".git", "mine", "old", "empty"):
        (root / name).mkdir()
    (root / "tasks/code.py").touch()
    (root / "mine/.lock").touch()
    (root / "old/plan").mkdir()
    (root / "old/plan/plan.json").touch()
    for name in ("tasks", ".git", ".git/hooks"):
        with pytest.raises(BadInputError, match=r"is no hub\. Give the path of a new folder"):
            confined(PhaseGParams(hub=name).hub, root)
    for name in ("mine", "old", "empty", "tasks/new"):
        assert confined(PhaseGParams(hub=name).hub, root) == root / name


@pytest.mark.parametrize(
    ("named", "message"),
    [("none", "must be an absolute path"), ("/none/at/all", "Mount its disk or make it")],
)
def test_a_root_that_is_not_there_is_refused_and_not_made(named, message, monkeypatch, capsys):
    monkeypatch.setenv(HUB_ROOT_VARIABLE, named)
    assert main(["--collect-only"]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_full_disk_is_refused_with_the_room_that_is_needed(tmp_path, monkeypatch, capsys):
    plan = make_plan(PhaseGParams(hub=tmp_path / "hub", profile="smoke"))
    needed = bytes_needed(plan) // 2**20
    monkeypatch.setattr(shutil, "disk_usage", of_free_mib(needed + 1))
    check_space(tmp_path / "hub", plan)
    monkeypatch.setattr(shutil, "disk_usage", of_free_mib(3))
    with pytest.raises(BadInputError, match=r"needs about 70 MiB .*has 3 MiB free"):
        check_space(tmp_path / "hub", plan)
    assert main(["--hub", str(tmp_path / "hub"), "--profile", "smoke"]) == 2
    assert "has 3 MiB free. Make room there" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "hub").exists()


def test_what_a_hub_holds_already_needs_no_room_again(tmp_path, monkeypatch):
    plan = make_plan(PhaseGParams(hub=tmp_path, profile="smoke"))
    scan = tmp_path / plan.replicates[0].named("simulate")[0].outputs["train"]
    scan.parent.mkdir(parents=True)
    scan.write_bytes(bytes(20 * 2**20))
    monkeypatch.setattr(shutil, "disk_usage", of_free_mib(bytes_needed(plan) // 2**20 - 19))
    check_space(tmp_path, plan)


def test_more_work_needs_more_room(tmp_path):
    needed = {
        profile: bytes_needed(make_plan(PhaseGParams(hub=tmp_path, profile=profile)))
        for profile in Profile
    }
    assert needed[Profile.SMOKE] < needed[Profile.QUICK] < needed[Profile.STUDY]
    three = make_plan(PhaseGParams(hub=tmp_path, seeds=3))
    assert 2.5 < bytes_needed(three) / needed[Profile.QUICK] < 3
