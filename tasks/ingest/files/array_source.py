"""Arrays by name, whatever holds them: NumPy archives, HDF5, MATLAB (both kinds), TIFF, or text.

The arrays of a MATLAB file are as MATLAB shows them: version 7.3 is HDF5, whose axes are the other
way round. The patterns of HDF5 and of a TIFF are read when they are asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core.files.archive import is_archive, read_arrays
from tasks.core.files.foreign_hdf5 import as_complex, open_foreign_hdf5, whole
from tasks.core.files.foreign_hdf5 import units_of as stated_units
from tasks.core.files.matlab_file import SUFFIX as MATLAB_SUFFIX
from tasks.core.files.matlab_file import is_matlab_hdf5, matlab_shapes, read_matlab
from tasks.ingest.files.patterns import Axes, Patterns, array_patterns, hdf5_patterns
from tasks.ingest.files.tiff import PAGES, is_tiff, read_pages, tiff_patterns

TEXT_SUFFIXES = (".txt", ".csv", ".dat", ".tsv")
# Axes of an array of MATLAB as HDF5 shows them.
REVERSED: Mapping[Axes, Axes] = {"yxn": "nxy", "xyn": "nyx", "nyx": "xyn", "nxy": "yxn"}
MOST_NAMES = 40


@dataclass(frozen=True)
class ArraySource:
    """Arrays of a file, by name.

    Attributes:
        path: The file.
        names: Names of all arrays, with `/` between groups.
        attributes: Names of all attributes of HDF5, `PATH@ATTRIBUTE`, which are read like arrays.
        read: Returns an array by its name.
        patterns_of: Returns the patterns of arrays by their names, as they lie.
        shape_of: Returns the shape of an array, without axes of length one in front.
        units_of: Returns the attribute `units` of an array; None without one.
    """

    path: Path
    names: tuple[str, ...]
    read: Callable[[str], NDArray[Any]]
    patterns_of: Callable[[tuple[str, ...], Axes], Patterns]
    shape_of: Callable[[str], tuple[int, ...]]
    units_of: Callable[[str], str | None]
    attributes: frozenset[str] = frozenset()

    def array(self, name: str, meaning: str) -> NDArray[Any]:
        """Return an array by name; ValueError, with what there is, without it."""
        return self.read(self.name_of(name, meaning))

    def name_of(self, name: str, meaning: str) -> str:
        """Return the name of an array as the file spells it; ValueError if it has none."""
        wanted = name.strip("/")
        if wanted not in self.names and wanted not in self.attributes:
            raise ValueError(self._missing(name, meaning))
        return wanted

    def names_like(self, pattern: str, meaning: str) -> tuple[str, ...]:
        """Return the names that a name with `*` stands for, in order; ValueError for none."""
        wanted = pattern.strip("/")
        if "*" not in wanted:
            return (self.name_of(pattern, meaning),)
        found = tuple(sorted(name for name in self.names if fnmatchcase(name, wanted)))
        if not found:
            raise ValueError(self._missing(pattern, meaning))
        return found

    def only_name(self, meaning: str) -> str:
        """Return the name of the only array, or of the one called by its meaning."""
        if len(self.names) == 1:
            return self.names[0]
        if meaning in self.names:
            return meaning
        raise ValueError(
            f"{self.path} has several arrays: {self._held()}. Name that of the {meaning} in "
            f"`dataset` beside the file."
        )

    def _missing(self, name: str, meaning: str) -> str:
        return (
            f"{self.path} has no {meaning}: the array {name!r} is missing. It holds: "
            f"{self._held()}. Save the array under this name, or say in the layout "
            f"(--layout.file) which one it is."
        )

    def _held(self) -> str:
        shown = ", ".join(sorted(self.names)[:MOST_NAMES]) or "nothing"
        more = len(self.names) - MOST_NAMES
        return f"{shown} and {more} more" if more > 0 else shown


@contextmanager
def open_arrays(path: Path, limit_gib: float) -> Iterator[ArraySource]:
    """Open a file for its arrays; ValueError if it is of no kind that holds arrays."""
    if is_archive(path):
        yield _of_arrays(path, read_arrays(path, limit_gib))
    elif is_tiff(path):
        yield _of_tiff(path)
    elif path.suffix.lower() in TEXT_SUFFIXES:
        yield _of_arrays(path, {"array": _read_text(path)})
    elif h5py.is_hdf5(path):
        with open_foreign_hdf5(path) as file:
            yield _of_hdf5(path, file)
    elif path.suffix.lower() == MATLAB_SUFFIX:
        yield _of_arrays(path, _read_matlab(path, limit_gib))
    else:
        with open_foreign_hdf5(path) as file:  # names what is wrong with it
            yield _of_hdf5(path, file)


def _of_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> ArraySource:
    def patterns_of(names: tuple[str, ...], axes: Axes) -> Patterns:
        values = [squeezed(arrays[name]) for name in names]
        joined = values[0] if len(values) == 1 else np.concatenate(values, axis=axes.index("n"))
        return array_patterns(joined, axes)

    return ArraySource(
        path,
        tuple(arrays),
        lambda name: np.asarray(arrays[name]),
        patterns_of,
        lambda name: squeezed(arrays[name]).shape,
        lambda _name: None,
    )


def _of_hdf5(path: Path, file: h5py.File) -> ArraySource:
    """Return the datasets of an HDF5 file, through its links; those of MATLAB with axes turned."""
    turned = is_matlab_hdf5(path)
    names: list[str] = []
    _list_datasets(file, "", names)

    def read(name: str) -> NDArray[Any]:
        if name in attributes:
            owner, _, key = name.partition("@")
            return np.asarray((file[owner] if owner else file).attrs[key])
        values = as_complex(whole(file[name]))
        return values.T if turned else values

    def patterns_of(found: tuple[str, ...], axes: Axes) -> Patterns:
        stored = REVERSED.get(axes) if turned else axes
        if stored is None:
            raise ValueError(
                f"Patterns of a MATLAB file have three axes, got {axes} for {found[0]} of {path}. "
                f"Save them as (H, W, J)."
            )
        shape = file[found[0]].shape
        if len(shape) > len(stored):
            values = [squeezed(read(name)) for name in found]
            joined = values[0] if len(values) == 1 else np.concatenate(values, axis=axes.index("n"))
            return array_patterns(joined, axes)
        return hdf5_patterns(path, file, found, stored)

    def shape_of(name: str) -> tuple[int, ...]:
        shape = tuple(file[name].shape)
        shape = shape[::-1] if turned else shape
        while len(shape) > 2 and shape[0] == 1:
            shape = shape[1:]
        return shape

    def units_of(name: str) -> str | None:
        return None if name in attributes else stated_units(file, name)

    groups = {name.rpartition("/")[0] for name in names} | {""}
    owners = {name: file[name] if name else file for name in (*names, *groups)}
    attributes = frozenset(f"{name}@{key}" for name, item in owners.items() for key in item.attrs)
    return ArraySource(path, tuple(names), read, patterns_of, shape_of, units_of, attributes)


def _list_datasets(
    group: h5py.Group, prefix: str, names: list[str], above: tuple[h5py.Group, ...] = ()
) -> None:
    """Collect the names of datasets, also behind links; those that lead up or nowhere are not."""
    for key in group:
        item = group.get(key)
        name = f"{prefix}{key}"
        if isinstance(item, h5py.Dataset):
            names.append(name)
        elif isinstance(item, h5py.Group) and item != group and item not in above:
            _list_datasets(item, f"{name}/", names, (*above, group))


def _of_tiff(path: Path) -> ArraySource:
    return ArraySource(
        path,
        (PAGES,),
        lambda _name: read_pages(path),
        lambda _names, _axes: tiff_patterns(path),
        lambda _name: tiff_patterns(path).shape,
        lambda _name: None,
    )


def _read_text(path: Path) -> NDArray[Any]:
    """Return the numbers of a text of columns, split by commas or spaces; a header is skipped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as text ({error}). Save it again.") from error
    rows: list[list[float]] = []
    for line in lines:
        words = line.split("#")[0].replace(",", " ").replace(";", " ").split()
        try:
            numbers = [float(word) for word in words]
        except ValueError as error:
            if rows:
                raise ValueError(
                    f"{path} has the line {line[:60]!r} between numbers. Save columns of numbers."
                ) from error
            continue
        if numbers:
            rows.append(numbers)
    if not rows or len({len(row) for row in rows}) != 1:
        raise ValueError(f"{path} has no columns of numbers of one length. Save it again.")
    return np.array(rows)


def _read_matlab(path: Path, limit_gib: float) -> dict[str, NDArray[Any]]:
    """Return the arrays of a .mat before 7.3; ValueError if they would unpack to too much."""
    stated = sum(float(np.prod(shape)) for shape, _ in matlab_shapes(path).values()) * 8
    if stated > limit_gib * 2**30:
        raise ValueError(
            f"{path} unpacks to more than {limit_gib:g} GiB. If it is no archive bomb, raise "
            f"--unpacked-limit-gib."
        )
    return read_matlab(path)


def squeezed(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array without the axes of length one in front."""
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    return values
