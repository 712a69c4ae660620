"""Whether every file is fit to be evidence: JSON fits its model, and no file names a machine."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import h5py
import numpy as np
from pydantic import BaseModel

from tasks.core.study.hub_layout import (
    ATTEMPTS,
    BLOCKER_JSON,
    BLOCKER_TEXT,
    COMPARISON_MANIFEST,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
)
from tasks.core.study.stage_record import StageRecord
from tasks.report.records.attempts import Blocker, parse_attempt
from tasks.report.records.comparison_files import ComparisonFile, ComparisonManifest, MetricsSummary
from tasks.report.records.comparisons import FOLDERS
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.inventory import evidence_files, manifest_paths
from tasks.report.verification.hub_files import REPORT_AGAIN, RUN_AGAIN, HubFiles, Validation

REPORTS: dict[str, type[BaseModel]] = {
    METRICS_SUMMARY: MetricsSummary,
    DELTA_SUMMARY: DeltaSummary,
    COMPARISON_MANIFEST: ComparisonManifest,
}
TEXTS = {".json", ".jsonl", ".csv", ".md", ".txt", ".log", ".html", ".svg", ".yaml", ".yml"}
HDF5 = {".h5", ".cxi", ".hdf5"}
# Folders where people and programs keep files. A general rule would take the names of data sets
# for paths (`/entry_1/data_1`), and addresses of pages.
_POSIX = rb"(?:/(?:home|root|tmp|Users|private|var|usr|opt|mnt|media|srv|scratch|Volumes|work)/)"
_PLACE = re.compile(
    rb"(?:(?<![\w./:<>~-])" + _POSIX + rb"|file:///|(?<!\w)[A-Za-z]:\\{1,2}[\w .-]+\\)"
    rb"[^\s\"'<>)]{0,80}"
)
_EMBEDDED = re.compile(rb"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")
# Where the last run failed, it tells people of this machine; that run is a finding already.
NOT_CHECKED = {BLOCKER_JSON, BLOCKER_TEXT}


def schema_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of all JSON files but the plan, which has its own, and the map."""
    comparisons = sorted(
        path.relative_to(files.root).as_posix()
        for folder in FOLDERS
        for path in files.root.glob(f"{folder}/comparison.json")
    )
    models = REPORTS | dict.fromkeys(comparisons, ComparisonFile)
    for path, model in (models | dict.fromkeys(manifest_paths(files.root), StageRecord)).items():
        yield files.check(f"schema {path}", _model_faults(files, path, model), "it fits its schema")
    if (files.root / ATTEMPTS).exists():
        yield files.check(f"schema {ATTEMPTS}", _attempt_faults(files), "each of its lines fits")
    yield files.check(f"blocker {BLOCKER_JSON}", _blocker_faults(files), "the last run ended well")


def path_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the check of all texts and of the attributes of all data."""
    yield files.check(
        "places on machines",
        _place_faults(files),
        "no file names a place outside of the hub",
        "Files of a hub are named relative to it: make the file anew with this version.",
    )


def places(content: bytes, own: tuple[str, ...] = ()) -> list[str]:
    """Return the places on a machine that a content names."""
    text = _EMBEDDED.sub(b"", content)
    found = [match[0].decode(errors="replace") for match in _PLACE.finditer(text)]
    return found + [place for place in own if place.encode() in text]


def _model_faults(files: HubFiles, path: str, model: type[BaseModel]) -> Iterator[str]:
    files.record(path, model, REPORT_AGAIN if path in REPORTS else RUN_AGAIN)
    yield from ()


def _attempt_faults(files: HubFiles) -> Iterator[str]:
    for number, line in enumerate((files.root / ATTEMPTS).read_bytes().splitlines(), start=1):
        parse_attempt(line, f"{ATTEMPTS}, line {number}")
    yield from ()


def _blocker_faults(files: HubFiles) -> Iterator[str]:
    """Yield what stopped the last run; nothing after one that ended well."""
    if (files.root / BLOCKER_JSON).exists():
        found = files.record(BLOCKER_JSON, Blocker)
        yield f"the last run was stopped in {found.place} by {found.exception}, see {BLOCKER_JSON}"


def _place_faults(files: HubFiles) -> Iterator[str]:
    own = {str(files.root.absolute()), str(files.root.resolve())}
    # The shortest of folders would be found in every text.
    named = tuple(sorted(place for place in own if place.count("/") > 1))
    for path in evidence_files(files.root):
        if path in NOT_CHECKED:
            continue
        suffix = PurePosixPath(path).suffix
        if suffix in TEXTS:
            found = places((files.root / path).read_bytes(), named)
        elif suffix in HDF5 and path in files.vouched:
            # A damaged file is a finding already, and may bring down the library that reads it.
            found = places("\n".join(_hdf5_texts(files, path)).encode(), named)
        else:
            continue
        if found:
            yield f"{path} names {found[0]}"


def _hdf5_texts(files: HubFiles, path: str) -> list[str]:
    """Return the attributes of an HDF5 file that are texts, and its data sets of texts."""
    texts: list[str] = []

    def take(_name: str, item: Any) -> None:
        for value in item.attrs.values():
            texts.extend(str(text) for text in np.ravel(value) if isinstance(text, str | bytes))
        if isinstance(item, h5py.Dataset) and h5py.check_string_dtype(item.dtype):
            texts.extend(str(text) for text in np.ravel(item[()]))

    with h5py.File(files.root / path, "r") as file:
        take("/", file)
        file.visititems(take)
    return texts
