"""The entities of an RO-Crate: files, software, parameters."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import orjson

from tasks.core.files import sha256_of
from tasks.report.hub_contents import HubContents, leaves

Entity = dict[str, Any]
SOFTWARE_ID = "#phase-g"
BSD_3 = "https://spdx.org/licenses/BSD-3-Clause"
LICENCE: Entity = {
    "@id": BSD_3,
    "@type": "CreativeWork",
    "name": "BSD 3-Clause License",
    "description": "Licence of the software and, unless its makers say otherwise, of the data.",
}
PROCESS_PROFILE: Entity = {
    "@id": "https://w3id.org/ro/wfrun/process/0.5",
    "@type": "CreativeWork",
    "name": "Process Run Crate",
    "version": "0.5",
}
FORMATS = {
    ".csv": "text/csv",
    ".cxi": "application/x-hdf5",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".png": "image/png",
    ".txt": "text/plain",
}
UNKNOWN_FORMAT = "application/octet-stream"
DESCRIPTIONS = {
    "metrics_delta_summary.json": "PtychoPINN minus the other arms, with intervals and verdicts",
    "metrics_summary.json": "All metrics of all comparisons, and their means",
    "comparison_metrics.csv": "Metrics of one comparison, a row per model and metric",
    "truth.h5": "The true object, apart from every measurement",
    "plan.json": "Parameters, versions, machine and stages of the run",
    "attempts.jsonl": "Every attempt at the run, one line each",
}


def link(identifier: str) -> Entity:
    """Return a reference to an entity."""
    return {"@id": identifier}


def links(identifiers: Iterable[str]) -> list[Entity]:
    """Return references to entities."""
    return [link(identifier) for identifier in identifiers]


def file_id(path: str) -> str:
    """Return the identifier of a file: its path relative to the hub, as a URI."""
    return quote(path, safe="/")


def file_entity(hub: Path, path: str) -> Entity:
    """Return a file with its format, size and fingerprint."""
    pure = PurePosixPath(path)
    entity: Entity = {
        "@id": file_id(path),
        "@type": "File",
        "name": path,
        "encodingFormat": FORMATS.get(pure.suffix.lower(), UNKNOWN_FORMAT),
        "contentSize": str((hub / path).stat().st_size),
        "sha256": sha256_of(hub / path),
    }
    if pure.name in DESCRIPTIONS:
        entity["description"] = DESCRIPTIONS[pure.name]
    return entity


def software_entities(contents: HubContents) -> list[Entity]:
    """Return the software that ran, and what it stands on, with versions."""
    versions = contents.plan.get("versions")
    below = {
        name: str(version)
        for name, version in sorted(versions.items() if isinstance(versions, dict) else ())
        if name != "phase-g"
    }
    requirements = [
        {
            "@id": f"#{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
        }
        for name, version in below.items()
    ]
    software: Entity = {
        "@id": SOFTWARE_ID,
        "@type": "SoftwareApplication",
        "name": "phase-g",
        "license": link(BSD_3),
        "softwareRequirements": links(entity["@id"] for entity in requirements),
    }
    if contents.version is not None:
        software["softwareVersion"] = contents.version
    if contents.commit is not None:
        software["identifier"] = f"git:{contents.commit}"
    return [software, *requirements]


def parameter_entities(parameters: dict[str, Any]) -> list[Entity]:
    """Return the parameters of the run, one entity a leaf, without those that are not given."""
    return [
        {
            "@id": f"#parameter/{quote(name)}",
            "@type": "PropertyValue",
            "name": name,
            "value": orjson.dumps(value).decode() if isinstance(value, list) else value,
        }
        for name, value in leaves(parameters).items()
        if value is not None
    ]
