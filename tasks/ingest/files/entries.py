"""Groups of a measurement in CXI and NeXus: which entry, which detector, whatever their numbers.

CXI numbers its groups (`entry_1/instrument_1/detector_1`); NeXus leaves the names free and gives
each group a class (`NX_class`); programs write `detector`, `Detector` or `detector_1`.
"""

import re
from dataclasses import dataclass

import h5py

from tasks.core.files.foreign_hdf5 import text
from tasks.ingest.file_options import FileOptions

LEAST_PX = 8


@dataclass(frozen=True)
class Entry:
    """The groups of one measurement.

    Attributes:
        name: Name of the entry.
        patterns: Name of the dataset of the patterns.
        detector: Name of the detector's group; None where the patterns are in no detector.
    """

    file: h5py.File
    name: str
    patterns: str
    detector: str | None

    def groups(self, *kinds: str) -> list[str]:
        """Return the groups that a path of kinds leads to, such as `instrument`, `source`."""
        found = [self.name]
        for kind in kinds:
            found = [below for name in found for below in children(self.file, name, kind)]
        return found

    def names(self, path: tuple[str, ...], *fields: str) -> list[str]:
        """Return the datasets of some names in the groups of a path of kinds, those that exist."""
        candidates = [f"{group}/{field}" for group in self.groups(*path) for field in fields]
        return [name for name in candidates if isinstance(self.file.get(name), h5py.Dataset)]

    def in_detector(self, *fields: str) -> list[str]:
        """Return the datasets of some names in the detector, those that exist."""
        if self.detector is None:
            return []
        candidates = [f"{self.detector}/{field}" for field in fields]
        return [name for name in candidates if isinstance(self.file.get(name), h5py.Dataset)]


def entry_names(file: h5py.File) -> list[str]:
    """Return the names of the entries of a file."""
    return children(file, "", "entry")


def has_patterns(file: h5py.File, entry: str) -> bool:
    """Tell whether an entry has patterns where CXI and NeXus have them."""
    return bool(_pattern_names(file, entry))


def find_entry(file: h5py.File, options: FileOptions) -> Entry:
    """Return the only measurement of a file, or the one that is asked for.

    Raises:
        ValueError: If there are no patterns, in several entries or detectors, or not where asked.
    """
    entries = entry_names(file)
    if options.entry is not None:
        if options.entry not in entries:
            raise ValueError(
                f"{file.filename} has no entry {options.entry!r}, but {_listed(entries)}. Name one "
                f"of them by --entry."
            )
        entries = [options.entry]
    found = _distinct(file, {name: _pattern_names(file, name) for name in entries})
    if not found:
        where = "/".join((*entries[:1], "instrument_1/detector_1/data"))
        raise ValueError(
            f"{file.filename} has no diffraction patterns: the dataset {where} is missing. "
            f"Its entries are {_listed(entries)}, its top level holds: {', '.join(sorted(file))}. "
            f"Export it again with the diffraction patterns, or name another format."
        )
    if len(found) > 1:
        raise ValueError(
            f"{file.filename} holds patterns in several entries: {_listed(list(found))}. Name the "
            f"one to read by --entry."
        )
    name, patterns = next(iter(found.items()))
    return _of_one_detector(file, name, patterns, options.detector)


def children(file: h5py.File, parent: str, kind: str) -> list[str]:
    """Return the groups of a kind in a group: by name, numbered or not, else by `NX_class`."""
    group = file[parent] if parent else file
    if not isinstance(group, h5py.Group):
        return []
    prefix = f"{parent}/" if parent else ""
    spelled = re.compile(rf"{kind}(_?\d+)?", re.IGNORECASE)
    named, classed = [], []
    for name in sorted(group, key=_natural):
        item = group.get(name)
        if not isinstance(item, h5py.Group):
            continue
        if spelled.fullmatch(name):
            named.append(f"{prefix}{name}")
        elif text(item.attrs.get("NX_class", "")).lower() == f"nx{kind}":
            classed.append(f"{prefix}{name}")
    return named + classed


def _natural(name: str) -> tuple[str, int]:
    stem, number = re.fullmatch(r"(.*?)_?(\d*)", name).groups()  # type: ignore[union-attr]
    return stem, int(number or 0)


def _pattern_names(file: h5py.File, entry: str) -> dict[str, str | None]:
    """Return the datasets of patterns of an entry, each with its detector; the same one once."""
    found: dict[str, str | None] = {}
    detectors = [
        name
        for instrument in children(file, entry, "instrument")
        for name in children(file, instrument, "detector")
    ]
    # Patterns beside the detector are those of the only one.
    lonely = detectors[0] if len(detectors) == 1 else None
    candidates: list[tuple[str, str | None]] = [(f"{one}/data", one) for one in detectors]
    candidates += [(f"{one}/data", lonely) for one in children(file, entry, "data")]
    for name, detector in candidates:
        item = file.get(name)
        is_stack = isinstance(item, h5py.Dataset) and item.ndim >= 3
        if not is_stack or min(item.shape[-2:]) < LEAST_PX:
            continue
        if all(file[other] != item for other in found):
            found[name] = detector
    return found


def _distinct(
    file: h5py.File, entries: dict[str, dict[str, str | None]]
) -> dict[str, dict[str, str | None]]:
    """Return the entries with patterns, without those that only link to another one's."""
    found: dict[str, dict[str, str | None]] = {}
    for name, patterns in entries.items():
        seen = [file[one] for kept in found.values() for one in kept]
        if patterns and not all(any(file[one] == other for other in seen) for one in patterns):
            found[name] = patterns
    return found


def _of_one_detector(
    file: h5py.File, entry: str, patterns: dict[str, str | None], asked: str | None
) -> Entry:
    in_detectors = {name: one for name, one in patterns.items() if name == f"{one}/data"}
    if asked is not None:
        wanted = [n for n, one in in_detectors.items() if one and one.split("/")[-1] == asked]
        if not wanted:
            held = _listed([one.split("/")[-1] for one in in_detectors.values() if one])
            raise ValueError(
                f"{file.filename} has no patterns in a detector {asked!r} of {entry}, but in "
                f"{held}. Name one of them by --detector."
            )
        return Entry(file, entry, wanted[0], in_detectors[wanted[0]])
    if len(in_detectors) > 1:
        held = _listed([one.split("/")[-1] for one in in_detectors.values() if one])
        raise ValueError(
            f"{file.filename} holds patterns of several detectors: {held}. Name the one to read "
            f"by --detector."
        )
    name = next(iter(in_detectors or patterns))
    detector = patterns[name]
    if detector is None:
        all_of_them = [
            one
            for instrument in children(file, entry, "instrument")
            for one in children(file, instrument, "detector")
        ]
        detector = all_of_them[0] if all_of_them else None
    return Entry(file, entry, name, detector)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
