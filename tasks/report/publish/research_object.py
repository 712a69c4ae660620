"""`ro-crate-metadata.json`: the hub as a research object that an archive can take.

RO-Crate 1.2 (Sefton et al., https://w3id.org/ro/crate/1.2) is JSON-LD: a flat graph of entities
with schema.org's terms. What is written follows from the files of the hub alone, so that equal hubs
give equal bytes.
"""

from pathlib import Path
from typing import Any

from tasks.catalogue.headline import SUBJECT
from tasks.core.files.atomic_files import write_json
from tasks.core.study.hub_layout import ATTEMPTS, DELTA_SUMMARY, PLAN, RESEARCH_OBJECT
from tasks.report.publish.crate_entities import (
    LICENCE,
    SOFTWARE_ID,
    Entity,
    file_entity,
    file_id,
    link,
    links,
    parameter_entities,
    publisher_entity,
    software_entities,
    status_entity,
)
from tasks.report.records.hub_contents import HubContents
from tasks.report.records.inventory import evidence_files

SPECIFICATION = "https://w3id.org/ro/crate/1.2"
RUN_ID = "#run"
DESCRIPTION = (
    f"A comparison of ptychographic reconstructions: {SUBJECT.name}, a network that learns from "
    "diffraction alone, against a supervised baseline and the iterative solver pty-chi, on "
    "simulated scans whose truth is known."
)


def write_research_object(hub: Path) -> None:
    """Describe the hub as an RO-Crate; raises ValueError if plan or reports are not the flow's."""
    write_json(hub / RESEARCH_OBJECT, research_object(hub))


def research_object(hub: Path) -> dict[str, Any]:
    """Return the content of `ro-crate-metadata.json`."""
    contents = HubContents.of(hub)
    # The inventory and its verification are made of everything else, this file too.
    paths = [path for path in evidence_files(hub) if path != RESEARCH_OBJECT]
    parameters = parameter_entities(contents.parameters)
    graph = [
        {
            "@id": RESEARCH_OBJECT,
            "@type": "CreativeWork",
            "conformsTo": link(SPECIFICATION),
            "about": link("./"),
        },
        _root(contents, paths),
        _run(contents, paths, parameters),
        *software_entities(contents),
        *parameters,
        *([status_entity(contents.attempt.result)] if contents.attempt else []),
        LICENCE,
        publisher_entity(contents),
        *(file_entity(hub, path) for path in paths),
    ]
    return {"@context": f"{SPECIFICATION}/context", "@graph": graph}


def _root(contents: HubContents, paths: list[str]) -> Entity:
    """Return the hub itself."""
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": contents.title,
        "description": DESCRIPTION,
        "datePublished": _date(contents),
        "license": link(LICENCE["@id"]),
        "publisher": link(publisher_entity(contents)["@id"]),
        "mentions": link(RUN_ID),
        "hasPart": links(map(file_id, paths)),
    }


def _date(contents: HubContents) -> str:
    """Return when the deltas were made, else when the last attempt ended."""
    if contents.delta is not None:
        return str(contents.delta["generated_at"])
    if contents.attempt is not None:
        return contents.attempt.ended_at
    raise ValueError(
        f"A research object has a date: that of {DELTA_SUMMARY}, or of an attempt in {ATTEMPTS}. "
        f"Run the flow in this hub first."
    )


def _run(contents: HubContents, paths: list[str], parameters: list[Entity]) -> Entity:
    """Return the run: what it used, was given, and made."""
    results = [path for path in paths if path.startswith(("analysis/", "data/"))]
    run: Entity = {
        "@id": RUN_ID,
        "@type": "CreateAction",
        "name": f"Run of {contents.title}",
        "description": "All stages of the study, from the simulation to the deltas.",
        "instrument": link(SOFTWARE_ID),
        "object": [
            *links(file_id(path) for path in paths if path == PLAN),
            *links(entity["@id"] for entity in parameters),
        ],
        "result": links(map(file_id, results)),
    }
    attempt = contents.attempt
    if attempt is not None:
        run |= {
            "startTime": attempt.started_at,
            "endTime": attempt.ended_at,
            "actionStatus": link(status_entity(attempt.result)["@id"]),
        }
        if attempt.blocker is not None:
            run["error"] = f"{attempt.blocker.exception} in {attempt.blocker.place}"
    return run
