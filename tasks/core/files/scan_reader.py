"""Reading the patterns of a scan: at once, or piece by piece, as the memory need not hold them all.

A view says which exposures of a scan are used.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Indices, Real64
from tasks.core.files.atomic_files import open_hdf5, read_json, scratch_array
from tasks.core.files.scan_file import COUNTS, PATTERNS_PER_CHUNK, read_scan_header
from tasks.core.files.scan_record import Scan, ScanHeader

CACHE_BYTES = 256 * 2**20
PATTERNS_PER_PART = 256


class ScanReader:
    """Some exposures of a scan, whose patterns are read when they are asked for.

    The chunks of the file that were unpacked last are kept up to a limit, because drawing groups of
    neighbours comes back to them. Not for several threads at once. `header` is all but the
    patterns, of the chosen exposures.
    """

    def __init__(
        self,
        path: Path,
        indices: NDArray[np.integer] | None = None,
        *,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        """Read the header of a scan (CXI) and choose exposures, in any order; all by default."""
        whole = read_scan_header(path)
        self._path = path
        self._wanted = _checked_indices(
            indices, len(whole), path.name, "Make the view again from this scan."
        )
        self._chunks = ChunkCache(cache_bytes)
        self.header: ScanHeader = replace(whole, positions_px=whole.positions_px[self._wanted])

    def __len__(self) -> int:
        """Return the number of patterns."""
        return len(self._wanted)

    def read(self, indices: NDArray[np.integer] | None = None) -> NDArray[Any]:
        """Read some of the exposures [photons / px], (any, N, N), in the order of the indices.

        A chunk of the file is unpacked once at most. ValueError if an index is outside, the file
        was cut short, or a count is negative or not finite.
        """
        chosen = _checked_indices(
            indices,
            len(self),
            f"the chosen exposures of {self._path.name}",
            "Count within the view, not within the whole scan.",
        )
        counts = self._gather(self._wanted[chosen])
        _refuse_impossible_counts(self._path, counts)
        return counts

    def parts(self, n_patterns: int = PATTERNS_PER_PART) -> Iterator[NDArray[Any]]:
        """Yield all patterns in their order, so many at a time, shape (n_patterns, N, N)."""
        for start in range(0, len(self), n_patterns):
            yield self.read(np.arange(start, min(start + n_patterns, len(self))))

    def summed_pattern(self) -> Real64:
        """Return the sum of all patterns [photons / px], shape (N, N)."""
        total = np.zeros((self.header.n_px, self.header.n_px))
        for counts in self.parts():
            total += counts.sum(axis=0, dtype=np.float64)
        return total

    def total_counts(self) -> float:
        """Return the photons of all patterns together."""
        return float(self.summed_pattern().sum())

    def _gather(self, wanted: Indices) -> NDArray[Any]:
        """Read patterns by their index in the file, block by block."""
        with open_hdf5(self._path) as file:
            dataset = file[COUNTS]
            counts = np.empty((len(wanted), *dataset.shape[1:]), dtype=dataset.dtype)
            depth = dataset.chunks[0] if dataset.chunks else PATTERNS_PER_CHUNK
            order = np.argsort(wanted, kind="stable")
            blocks = wanted[order] // depth
            for block in np.unique(blocks).tolist():
                first, stop = np.searchsorted(blocks, [block, block + 1])
                here = order[first:stop]
                start = block * depth

                def unpack(start: int = start) -> NDArray[Any]:
                    return np.asarray(dataset[start : start + depth])

                counts[here] = self._chunks.get(block, unpack)[wanted[here] - start]
        return counts


def _checked_indices(
    indices: NDArray[np.integer] | None, count: int, what: str, cure: str
) -> Indices:
    """Return indices, all without; refuse one outside."""
    if indices is None:
        return np.arange(count, dtype=np.intp)
    wanted = np.asarray(indices, dtype=np.intp)
    if wanted.size and not 0 <= wanted.min() <= wanted.max() < count:
        raise ValueError(
            f"Expected indices from 0 to {count - 1} into {what}, got {wanted.min()} to "
            f"{wanted.max()}. {cure}"
        )
    return wanted


def _refuse_impossible_counts(path: Path, counts: NDArray[Any]) -> None:
    """Refuse counts that no photons make; unsigned integers cannot be wrong."""
    if counts.dtype.kind == "u":
        return
    n_bad = int(np.count_nonzero(~np.isfinite(counts)))
    if n_bad:
        raise ValueError(
            f"{path} has {n_bad} diffraction counts that are not finite. Mask or repair them."
        )
    if counts.min(initial=0) < 0:
        raise ValueError(
            f"{path} has diffraction counts down to {counts.min()}, expected photons, which are "
            f"not negative. Subtract the dark frame before counting, and clip at zero."
        )


class ChunkCache:
    """Arrays by number, of which those used longest ago make room for others; 0 bytes keep none."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.used_bytes = limit_bytes, 0
        self._chunks: OrderedDict[int, NDArray[Any]] = OrderedDict()

    def get(self, number: int, load: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return an array; where it is not here, it is loaded."""
        if number in self._chunks:
            self._chunks.move_to_end(number)
            return self._chunks[number]
        chunk = load()
        if chunk.nbytes <= self.limit_bytes:
            while self.used_bytes + chunk.nbytes > self.limit_bytes:
                self.used_bytes -= self._chunks.popitem(last=False)[1].nbytes
            self._chunks[number] = chunk
            self.used_bytes += chunk.nbytes
        return chunk


def read_scan(path: Path, indices: NDArray[np.integer] | None = None) -> Scan:
    """Read a scan, or the patterns of some indices; ValueError as `ScanReader` and its `read`."""
    reader = ScanReader(path, indices, cache_bytes=0)
    return Scan.of(reader.header, reader.read())


def open_view(scan_path: Path, view_path: Path, *, cache_bytes: int = CACHE_BYTES) -> ScanReader:
    """Open the exposures of a scan (CXI) that a view has chosen; patterns are read when asked for.

    The view (JSON) holds their scan indices under `indices`. ValueError if a file is damaged, or
    the view does not belong to the scan.
    """
    view = read_json(view_path)
    n_exposures = len(read_scan_header(scan_path))
    if view["n_exposures"] != n_exposures:
        raise ValueError(
            f"The view {view_path.name} was made for a scan of {view['n_exposures']} exposures, "
            f"but {scan_path.name} has {n_exposures}. Make the view again from this scan."
        )
    indices = np.asarray(view["indices"], dtype=np.intp)
    reader = ScanReader(scan_path, indices, cache_bytes=cache_bytes)
    provenance = reader.header.provenance | {"view": view["view"]}
    reader.header = replace(reader.header, provenance=provenance)
    return reader


def map_view(scan_path: Path, view_path: Path) -> Scan:
    """Return the exposures of a view with their patterns unpacked on the disk, not in memory.

    For solvers that need them all as one array, again and again, in any order. ValueError as
    `open_view`, or if a count is negative or not finite.
    """
    reader = open_view(scan_path, view_path, cache_bytes=0)
    first = reader.read(np.arange(min(1, len(reader))))
    counts = scratch_array((len(reader), *first.shape[1:]), first.dtype)
    for number, part in enumerate(reader.parts()):
        start = number * PATTERNS_PER_PART
        counts[start : start + len(part)] = part
    return Scan.of(reader.header, counts)
