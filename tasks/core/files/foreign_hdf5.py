"""HDF5 files of other programs: read only, and never further than the data root.

A link, a virtual dataset or a dataset in a raw file can lead to any file of the machine. Those of
a file are looked through before anything is read from it. The filters of `hdf5plugin` (bitshuffle,
LZ4, Blosc, Zstandard and others) are registered when this module is imported.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  registers its filters with HDF5
import numpy as np
from numpy.typing import NDArray

LARGEST_CHUNK_BYTES = 2**30
LARGEST_FIELD_BYTES = 2**31
# What h5py raises where bytes of a file are wrong.
UNREADABLE = (OSError, KeyError, RuntimeError, SystemError)
# How programs call the parts of a complex number, in any case of letters.
COMPLEX_PAIRS = (("real", "imag"), ("r", "i"), ("re", "im"))
# How HDF5 says that a file ends before its superblock says it does.
TRUNCATED = "truncated file"


@contextmanager
def open_foreign_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file to read; refuse one that is missing, damaged, or not HDF5."""
    try:
        file = h5py.File(path, "r")
    except UNREADABLE as error:
        raise ValueError(
            f"{path} cannot be opened as HDF5 ({error}). {_why_not_hdf5(path, error)}"
        ) from error
    with file:
        try:
            yield file
        except UNREADABLE as error:
            raise ValueError(
                f"{path} is HDF5, but cannot be read to its end ({error}). {_why_not_read(error)}"
            ) from error


def _why_not_hdf5(path: Path, error: BaseException) -> str:
    if not path.is_file():
        return "It is missing: give the path of a file."
    if TRUNCATED in str(error):
        return "It is cut short: copy it again from its source."
    return "It is damaged or of another kind: copy it again from its source, or name its format."


def _why_not_read(error: BaseException) -> str:
    reason = str(error)
    if "filter" in reason or "plugin" in reason:
        return (
            "It needs a filter that is not installed here: save it again with h5repack -f GZIP=4."
        )
    if isinstance(error, KeyError) or "doesn't exist" in reason:
        return "A dataset is missing, or a link leads nowhere: export the file again."
    return "It is damaged: copy it again from its source."


def refuse_unknown_filter(dataset: h5py.Dataset, name: str) -> None:
    """Refuse (ValueError) a dataset that is packed by a filter that is not installed here."""
    created = dataset.id.get_create_plist()
    for place in range(created.get_nfilters()):
        number, _, _, label = created.get_filter(place)
        if h5py.h5z.filter_avail(number) or not dataset.size:
            continue
        try:  # a filter may have been left out where it did not help
            dataset[(0,) * dataset.ndim]
        except UNREADABLE as error:
            called = label.decode(errors="replace") or "without a name"
            raise ValueError(
                f"{dataset.file.filename}: {name} is packed by the HDF5 filter {number} "
                f"({called}), which neither HDF5 nor hdf5plugin has. Save it again with h5repack "
                f"-f GZIP=4 where that filter is installed."
            ) from error


def refuse_links_out(path: Path, data_root: Path) -> None:
    """Refuse a file that leads, however far, out of a folder or nowhere, or would fill the memory.

    ValueError if a link, virtual dataset or raw file does, or a chunk unpacks to more than 1 GiB.
    """
    waiting, seen = [path.resolve()], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        with open_foreign_hdf5(current) as file:
            named = _files_named_by(file)
        for where, name in named:
            target = _where_hdf5_looks(current, name)
            if not target.is_relative_to(data_root.resolve()):
                raise ValueError(
                    f"{current.name} leads at {where} to {name}, which lies outside the data root "
                    f"{data_root}. Copy that file below the data root, or name with --data-root a "
                    f"folder that holds both."
                )
            if not target.is_file():
                raise ValueError(
                    f"{current.name} leads at {where} to {name}, which is not there. Put that "
                    f"file back beside it."
                )
            if h5py.is_hdf5(target):
                waiting.append(target)


def _where_hdf5_looks(current: Path, name: str) -> Path:
    """Return the file that a name leads to.

    Where an absolute name leads nowhere, HDF5 takes the file of that name beside the one that
    leads to it: a scan that was copied from its beamline with all of its files.
    """
    named = current.parent / name
    beside = current.parent / Path(name).name
    if Path(name).is_absolute() and not named.exists() and beside.exists():
        return beside.resolve()
    return named.resolve()


def _files_named_by(file: h5py.File) -> list[tuple[str, str]]:
    """Return every place of a file that leads to another one, and that one's name."""
    named: list[tuple[str, str]] = []

    def look_at_link(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            named.append((name, link.filename))

    def look_at_object(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.is_virtual:
            sources = {source.file_name for source in item.virtual_sources()}
            named.extend((name, source) for source in sorted(sources - {"."}))
        named.extend((name, raw) for raw, _, _ in item.external or ())
        if item.chunks and np.prod(item.chunks) * item.dtype.itemsize > LARGEST_CHUNK_BYTES:
            raise ValueError(
                f"{file.filename} has chunks of {item.chunks} values in {name}, more than the "
                f"1 GiB that one chunk may take. Save it again in smaller chunks (h5repack)."
            )

    file.visititems_links(look_at_link)
    file.visititems(look_at_object)
    return named


def field(file: h5py.File, name: str, meaning: str) -> h5py.Dataset:
    """Return a dataset; refuse a file without it."""
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise ValueError(
            f"{file.filename} has no {meaning}: the dataset {name} is missing. Its top level "
            f"holds: {', '.join(sorted(file)) or 'nothing'}. Export it again with the {meaning}, "
            f"or name another format."
        )
    return found


def first_of(file: h5py.File, names: Sequence[str], meaning: str) -> str:
    """Return the name of the first of some datasets that a file has; refuse a file without any."""
    for name in names:
        if isinstance(file.get(name), h5py.Dataset):
            return name
    field(file, names[0], meaning)  # raises
    return names[0]


def whole(dataset: h5py.Dataset) -> NDArray[Any]:
    """Return all of a dataset that is no pattern; refuse one larger than such a field may be."""
    refuse_unknown_filter(dataset, dataset.name)
    if dataset.size * dataset.dtype.itemsize > LARGEST_FIELD_BYTES:
        raise ValueError(
            f"{dataset.file.filename} has {dataset.shape} values in {dataset.name}, more than the "
            f"2 GiB that positions, masks, probes and objects may take. It is not what its name "
            f"says; export it again."
        )
    return np.asarray(dataset[()])


def as_complex(values: NDArray[Any]) -> NDArray[Any]:
    """Return complex numbers that a program stored as pairs, such as `real` and `imag`."""
    names = {name.lower(): name for name in values.dtype.names or ()}
    for real, imaginary in COMPLEX_PAIRS:
        if names.keys() >= {real, imaginary}:
            return np.asarray(values[names[real]] + 1j * values[names[imaginary]])
    return values


def number(file: h5py.File, name: str) -> float | None:
    """Return a number of the file, or the only value of an array; none where it is not there."""
    found = file.get(name)
    if not isinstance(found, h5py.Dataset) or not found.size:
        return None
    return _only_number(np.asarray(found[()]), f"{file.filename}: {name}")


def units_of(file: h5py.File, name: str) -> str | None:
    """Return the attribute `units` (some programs: `unit`) of a dataset; none without one."""
    if name not in file:
        return None
    attributes = file[name].attrs
    units = attributes.get("units", attributes.get("unit"))
    return None if units is None or not text(units).strip() else text(units).strip()


def attribute_number(item: Any, name: str) -> float | None:
    """Return a number among the attributes; none where it is not there."""
    if name not in item.attrs:
        return None
    return _only_number(np.asarray(item.attrs[name]), f"attribute {name}")


def text(value: Any) -> str:
    """Return text that HDF5 holds as bytes or as text."""
    value = np.asarray(value).ravel()[0] if not isinstance(value, bytes | str) else value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _only_number(values: NDArray[Any], where: str) -> float:
    if values.dtype.kind not in "iuf" or len(np.unique(values)) != 1:
        raise ValueError(
            f"{where} should hold one number, got {values.dtype} of shape {values.shape}. Correct "
            f"it in the file, or give the value as an option."
        )
    return float(values.ravel()[0])
