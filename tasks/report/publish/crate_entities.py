"""The entities of an RO-Crate: files, software, parameters."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import orjson

from tasks.catalogue.headline import SUBJECT
from tasks.core.files.atomic_files import sha256_of
from tasks.report.records.hub_contents import HubContents, leaves

Entity = dict[str, Any]
NAME = "phase-g"
SOFTWARE_ID = f"#{NAME}"
HOMES = {"python": "https://www.python.org/"}
BSD_3 = "https://spdx.org/licenses/BSD-3-Clause"
LICENCE: Entity = {
    "@id": BSD_3,
    "@type": "CreativeWork",
    "name": "BSD 3-Clause License",
    "description": "Licence of the software and, unless its makers say otherwise, of the data.",
}
UNNAMED_PUBLISHER_ID = "#publisher"
DEVELOPERS = "the Phase G developers"
_PUBLISHER = re.compile(r"(?P<name>[^<>]*[^<>\s])\s*(<(?P<address>https?://[^<>\s]+)>)?")
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
    "metrics_delta_summary.json": (
        f"{SUBJECT.name} minus the other arms, with intervals and verdicts"
    ),
    "condition_map.json": "The deltas over dose and overlap, and where they are zero",
    "condition_map.png": "Deltas over dose and overlap, with lines of break-even",
    "metrics_summary.json": "All metrics of all comparisons, and their means",
    "comparison_metrics.csv": "Metrics of one comparison, a row per model and metric",
    "comparison_plot.png": "Truth, reconstructions and their errors",
    "truth.h5": "The true object, apart from every measurement",
    "manifest.json": "Record of a stage: parameters, inputs and outputs with SHA-256, costs",
    "plan.json": "Parameters, versions, machine and stages of the run",
    "attempts.jsonl": "Every attempt at the run, one line each",
    "summary.md": "What was run and what came of it, for a colleague",
}
# By the folder, for files that have none of their own; the first that fits.
FOLDER_DESCRIPTIONS = {
    "data/phase_c/": "Simulated scan: diffraction counts, probe and positions",
    "data/phase_d/": "Choice of exposures, and their overlap",
    "data/phase_e/": "Training of a network",
    "data/phase_f/": "Reconstruction of a scan, and its record",
    "analysis/": "Result of the comparison",
    "cli/": "Log of a stage",
    "": "Record of the run",
}
STATUS = {"success": "Completed"}
FAILED = "Failed"


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
    of_folder = next(text for top, text in FOLDER_DESCRIPTIONS.items() if path.startswith(top))
    return {
        "@id": file_id(path),
        "@type": "File",
        "name": path,
        "encodingFormat": FORMATS.get(pure.suffix.lower(), UNKNOWN_FORMAT),
        "contentSize": str((hub / path).stat().st_size),
        "sha256": sha256_of(hub / path),
        "description": DESCRIPTIONS.get(pure.name) or of_folder,
    }


def software_entities(contents: HubContents) -> list[Entity]:
    """Return the software that ran, and what it stands on, with versions.

    A commit has an address of its own in the archive of Software Heritage, whoever puts it there.
    """
    requirements = [
        {
            "@id": f"#{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "version": version,
            "url": HOMES.get(name, f"https://pypi.org/project/{name}/"),
        }
        for name, version in sorted(contents.versions.items())
        if name != NAME
    ]
    software: Entity = {
        "@id": SOFTWARE_ID,
        "@type": "CreativeWork",
        "name": NAME,
        "license": link(BSD_3),
        "version": contents.versions.get(NAME, "unknown"),
    }
    if contents.commit is not None:
        revision = f"swh:1:rev:{contents.commit}"
        software |= {
            "@type": "SoftwareApplication",
            "identifier": revision,
            "url": f"https://archive.softwareheritage.org/{revision}",
            "softwareRequirements": links(entity["@id"] for entity in requirements),
        }
    return [software, *requirements]


def publisher_entity(contents: HubContents) -> Entity:
    """Return who answers for the hub: whom the run was told of, else who wrote the software.

    `Name <https://ror.org/...>` has an address, which is its identifier then.
    """
    told = _PUBLISHER.fullmatch((contents.plan and contents.plan.publisher) or DEVELOPERS)
    name, address = (told["name"], told["address"]) if told else (DEVELOPERS, None)
    identifier = address or UNNAMED_PUBLISHER_ID
    entity: Entity = {"@id": identifier, "@type": "Organization", "name": name}
    return entity | ({"url": address} if address else {})


def status_entity(result: str) -> Entity:
    """Return how an attempt ended, in schema.org's terms."""
    status = STATUS.get(result, FAILED)
    return {
        "@id": f"http://schema.org/{status}ActionStatus",
        "@type": "ActionStatusType",
        "name": status,
    }


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
