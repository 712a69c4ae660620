import shutil
from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest

from tasks.core.files.atomic_files import read_json, sha256_of, write_json, write_text
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY, HUB_SUMMARY, PLAN, RESEARCH_OBJECT
from tasks.report.publish.write_reports import write_final_reports

COMMIT = "2f844953188aa7f6d3dbcfc27eea03fcdc0843e6"
ATTEMPT = (
    '{"started_at":"2026-11-25T03:49:35Z","ended_at":"2026-11-25T03:52:06Z",'
    '"result":"success","parameters":{}}\n'
)
FAILED = (
    '{"started_at":"2026-11-25T04:00:00Z","ended_at":"2026-11-25T04:00:09Z","result":"failed",'
    '"parameters":{},"blocker":{"stage":"train-baseline","exception":"ValueError","message":"/x"}}\n'
)


@pytest.fixture
def hub(report_hub, put_plan):
    """A finished hub with a plan and an attempt."""
    found = report_hub("hub")
    plan = {
        "parameters": {
            "seed": 42,
            "photons_per_pattern": 1000.0,
            "splits": ["train", "test"],
            "probe": {"kind": "disc", "n_px": 64, "file": None},
        },
        "versions": {"phase-g": "0.1.0", "numpy": "2.4.6", "python": "3.11.4"},
        "git": {"commit": COMMIT, "dirty": False},
    }
    put_plan(found, **plan)
    write_text(found / ATTEMPTS, ATTEMPT)
    write_text(found / "cli/odd name #1.log", "hello\n")
    write_final_reports(found)
    return found


def graph_of(hub):
    return {entity["@id"]: entity for entity in read_json(hub / RESEARCH_OBJECT)["@graph"]}


def references(value):
    """Yield every identifier that a graph refers to."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            for name, item in value.items():
                yield from references(item) if name != "@id" else ()


def test_the_crate_describes_every_file_with_size_and_fingerprint(hub):
    graph = graph_of(hub)
    files = {unquote(i): e for i, e in graph.items() if e["@type"] == "File"}
    there = {p.relative_to(hub).as_posix() for p in hub.rglob("*") if p.is_file()}
    assert set(files) == there - {RESEARCH_OBJECT}
    for path, entity in files.items():
        assert entity["sha256"] == sha256_of(hub / path)
        assert entity["contentSize"] == str((hub / path).stat().st_size)
        assert entity["encodingFormat"] != "application/octet-stream", path
    assert {unquote(e["@id"]) for e in graph["./"]["hasPart"]} == set(files)
    assert "cli/odd%20name%20%231.log" in graph


def test_the_crate_has_a_root_a_descriptor_and_no_dangling_reference(hub):
    content = read_json(hub / RESEARCH_OBJECT)
    graph = graph_of(hub)
    assert len(graph) == len(content["@graph"])
    assert content["@context"] == "https://w3id.org/ro/crate/1.2/context"
    descriptor = graph[RESEARCH_OBJECT]
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    root = graph["./"]
    assert root["datePublished"] == read_json(hub / DELTA_SUMMARY)["generated_at"]
    assert root["license"]["@id"] in graph
    assert all(root[name] for name in ("name", "description"))
    known = {*graph, "https://w3id.org/ro/crate/1.2"}
    assert set(references(content["@graph"])) <= known


def test_the_run_has_instrument_objects_results_and_parameters(hub):
    graph = graph_of(hub)
    run = graph["#run"]
    assert run["@type"] == "CreateAction"
    assert (run["startTime"], run["endTime"]) == ("2026-11-25T03:49:35Z", "2026-11-25T03:52:06Z")
    assert run["actionStatus"] == {"@id": "http://schema.org/CompletedActionStatus"}
    software = graph[run["instrument"]["@id"]]
    assert (software["name"], software["version"]) == ("phase-g", "0.1.0")
    assert software["identifier"] == f"swh:1:rev:{COMMIT}"
    assert graph["#numpy"]["version"] == "2.4.6"
    objects = [graph[entity["@id"]] for entity in run["object"]]
    values = {e["name"]: e["value"] for e in objects if e["@type"] == "PropertyValue"}
    assert values == {
        "seed": 42,
        "photons_per_pattern": 1000.0,
        "splits": '["train","test"]',
        "probe.kind": "disc",
        "probe.n_px": 64,
    }
    assert {"@id": PLAN} in run["object"]
    assert {"@id": DELTA_SUMMARY} in run["result"]


def test_paths_are_relative_and_equal_hubs_give_equal_bytes(hub, tmp_path):
    elsewhere = tmp_path / "far" / "away"
    shutil.copytree(hub, elsewhere)
    for name in (RESEARCH_OBJECT, HUB_SUMMARY):
        (elsewhere / name).unlink()
    write_final_reports(elsewhere)
    for name in (RESEARCH_OBJECT, HUB_SUMMARY):
        assert (elsewhere / name).read_bytes() == (hub / name).read_bytes(), name
        assert str(tmp_path) not in (hub / name).read_text(encoding="utf-8")
    for identifier, entity in graph_of(hub).items():
        if entity["@type"] == "File":
            assert not PurePosixPath(identifier).is_absolute()
            assert ".." not in PurePosixPath(identifier).parts


def test_what_is_made_afterwards_and_caches_are_left_out(hub):
    before = [(hub / name).read_bytes() for name in (RESEARCH_OBJECT, HUB_SUMMARY)]
    for name in ("analysis/verification_report.json", "analysis/artifact_inventory.txt"):
        write_text(hub / name, "later")
    write_text(hub / "data/.partial.h5", "cut short")
    write_text(hub / ".cache/prefect/x", "cached")
    write_text(hub / "archive/2026/data/x.h5", "old")
    write_final_reports(hub)
    assert [(hub / name).read_bytes() for name in (RESEARCH_OBJECT, HUB_SUMMARY)] == before
    paths = set(graph_of(hub))
    assert not {p for p in paths if "verification" in p or "inventory" in p or "partial" in p}
    assert not {p for p in paths if p.startswith((".cache", "archive"))}
    for name in ("analysis/verification_report.json", "analysis/artifact_inventory.txt"):
        (hub / name).unlink()
    write_final_reports(hub)
    assert [(hub / name).read_bytes() for name in (RESEARCH_OBJECT, HUB_SUMMARY)] == before


def test_the_publisher_is_whom_the_run_was_told_of_else_who_wrote_the_software(hub):
    assert graph_of(hub)[graph_of(hub)["./"]["publisher"]["@id"]]["name"] == (
        "the Phase G developers"
    )
    write_json(hub / PLAN, read_json(hub / PLAN) | {"publisher": "A beamline"})
    write_final_reports(hub)
    assert graph_of(hub)["#publisher"]["name"] == "A beamline"
    told = {"publisher": "A beamline <https://ror.org/03f0f6041>"}
    write_json(hub / PLAN, read_json(hub / PLAN) | told)
    write_final_reports(hub)
    found = graph_of(hub)[graph_of(hub)["./"]["publisher"]["@id"]]
    assert (found["@id"], found["name"]) == ("https://ror.org/03f0f6041", "A beamline")


def test_a_changed_file_changes_its_fingerprint_in_the_crate(hub):
    write_text(hub / "cli/odd name #1.log", "hullo\n")
    write_final_reports(hub)
    entity = graph_of(hub)["cli/odd%20name%20%231.log"]
    assert entity["sha256"] == sha256_of(hub / "cli/odd name #1.log")


def test_a_failed_run_says_so_in_page_and_crate(hub):
    write_text(hub / ATTEMPTS, ATTEMPT + FAILED)
    write_text(hub / "analysis/blocker.txt", "Stage: train-baseline\n")
    write_final_reports(hub)
    run = graph_of(hub)["#run"]
    assert run["actionStatus"] == {"@id": "http://schema.org/FailedActionStatus"}
    assert run["error"] == "ValueError in train-baseline"
    page = (hub / HUB_SUMMARY).read_text(encoding="utf-8")
    assert "failed" in page
    assert "stopped in train-baseline by ValueError" in page
    assert "[analysis/blocker.txt](../analysis/blocker.txt)" in page


def test_tables_of_another_program_make_a_crate_too(report_hub):
    hub = report_hub("foreign")
    write_final_reports(hub)
    graph = graph_of(hub)
    assert graph["#phase-g"]["version"] == "unknown"
    assert "startTime" not in graph["#run"]
    assert "another program" in (hub / HUB_SUMMARY).read_text(encoding="utf-8")


def test_the_page_has_what_was_run_deltas_verdicts_flags_and_links_that_lead_somewhere(hub):
    page = (hub / HUB_SUMMARY).read_text(encoding="utf-8")
    assert page.startswith("# Phase G: 1000 photons per pattern, dense view\n")
    for row in ("| seed | 42 |", "| probe | disc |", "| photons_per_pattern | 1000 |"):
        assert row in page
    assert "**ALL COMPARISONS SUCCESSFUL: 1 of 1**" in page
    assert (hub / "analysis/metrics_delta_highlights.txt").read_text(encoding="utf-8") in page
    assert "## Flags\n\n- " in page
    delta = read_json(hub / DELTA_SUMMARY)
    verdict = delta["intervals"]["vs_PtyChi"]["mae"]["phase"]["verdict"]
    assert verdict == "worse"
    rows = [line for line in page.splitlines() if line.startswith("| MAE | phase | PtyChi |")]
    assert rows[0].endswith(f"| {verdict} |")
    targets = [part.split(")")[0] for part in page.split("](")[1:]]
    assert len(targets) >= 8
    for target in targets:
        assert (hub / "summary" / target).resolve().is_file(), target


@pytest.mark.parametrize("content", [b"[1]", b'{"parameters": '])
def test_a_damaged_plan_is_refused(content, hub):
    (hub / PLAN).write_bytes(content)
    with pytest.raises(ValueError, match=r"plan\.json"):
        write_final_reports(hub)


def test_a_damaged_last_line_of_the_attempts_hinders_nothing(hub):
    write_text(hub / ATTEMPTS, ATTEMPT + FAILED[:30])
    write_final_reports(hub)
    assert "startTime" not in graph_of(hub)["#run"]
