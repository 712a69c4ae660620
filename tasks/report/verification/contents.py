"""Whether no file of the evidence names a place on a machine."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import h5py
import numpy as np

from tasks.core.study.hub_layout import BLOCKER_JSON, BLOCKER_TEXT
from tasks.report.verification.hub_files import HubFiles, Validation
from tasks.report.verification.inventory import evidence_files

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


def path_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the check of all texts and of the attributes of all data."""
    yield files.check(
        "places on machines",
        partial(_place_faults, files),
        "no file names a place outside of the hub",
        "Files of a hub are named relative to it: make the file anew with this version.",
    )


def places(content: bytes, own: tuple[str, ...] = ()) -> list[str]:
    """Return the places on a machine that a content names.

    Args:
        content: Bytes of a text.
        own: Where the hub itself lies.
    """
    text = _EMBEDDED.sub(b"", content)
    found = [match[0].decode(errors="replace") for match in _PLACE.finditer(text)]
    return found + [place for place in own if place.encode() in text]


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
