"""A folder of TIFFs, one pattern each, in the order of the number in their names."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Indices
from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.named_files import path_below
from tasks.ingest.files.patterns import Patterns
from tasks.ingest.files.tiff import is_tiff, page_of, read_pages

# Longer ones, as of times, are several.
NUMBER = re.compile(r"\d{1,15}")


@dataclass(frozen=True)
class TiffSeries:
    """Files of a folder in the order of their numbers.

    Attributes:
        files: The files, one a pattern.
        numbers: Their numbers, rising, shape (J,).
    """

    files: tuple[Path, ...]
    numbers: Indices

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers between the first and the last that no file has.

        There are none where they would be more than the files: then the numbers are no counter.
        """
        if self.numbers[-1] - self.numbers[0] >= 2 * len(self.files):
            return ()
        every = np.arange(self.numbers[0], self.numbers[-1] + 1)
        return tuple(np.setdiff1d(every, self.numbers).tolist())

    def patterns(self) -> Patterns:
        """Return the patterns, read from their files when they are asked for.

        ValueError if the first file is no single grey page, or when one that differs is read.
        """
        shape, dtype = page_of(self.files[0])

        def read(start: int, stop: int) -> NDArray[Any]:
            return np.stack([self._page(file, shape) for file in self.files[start:stop]])

        return Patterns((len(self.files), *shape), dtype, read)

    def _page(self, file: Path, shape: tuple[int, int]) -> NDArray[Any]:
        pages = read_pages(file)
        if pages.shape != (1, *shape):
            raise ValueError(
                f"{file} has pages of shape {pages.shape}, expected {(1, *shape)} as "
                f"{self.files[0].name} has. Keep the patterns of one scan alone in the folder."
            )
        return np.asarray(pages[0])


def tiff_series(folder: Path, root: Path) -> TiffSeries:
    """Return the TIFFs of a folder; their number is the last in the name that differs.

    ValueError if there are fewer than two, a name has no number or one has that of another, or a
    link leads out of the root.
    """
    files = _tiffs(folder)
    if len(files) < 2:
        raise ValueError(
            f"{folder} is a folder with {len(files)} TIFFs, expected one for each pattern. Name "
            f"the folder that holds them, or one file with all patterns."
        )
    for file in files:
        if path_below(root, file.resolve()) is None:
            raise ValueError(
                f"{file} leads out of {root}. Copy it there, or give --data-root with a folder "
                f"that holds both."
            )
    numbers = _numbers(folder, files)
    order = np.argsort(numbers, kind="stable")
    return TiffSeries(tuple(files[place] for place in order), numbers[order])


def series_sha256(folder: Path) -> str:
    """Return a SHA-256 of the names and contents of a folder's TIFFs."""
    found = hashlib.sha256()
    for file in _tiffs(folder):
        found.update(f"{sha256_of(file)}  {file.name}\n".encode())
    return found.hexdigest()


def _tiffs(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if is_tiff(file) and file.is_file())


def _numbers(folder: Path, files: list[Path]) -> Indices:
    """Return the number of each file: the last of its name that is not the same in all."""
    found = [[int(number) for number in NUMBER.findall(file.stem)] for file in files]
    kinds = {len(numbers) for numbers in found}
    if kinds == {0} or len(kinds) != 1:
        odd = next(
            f for f, n in zip(files, found, strict=True) if len(n) != len(found[-1]) or not n
        )
        raise ValueError(
            f"{folder} has files whose names differ in more than a number, such as {odd.name} and "
            f"{files[-1].name}. Keep the patterns of one scan alone in the folder."
        )
    columns = np.array(found, dtype=np.intp)
    differing = np.flatnonzero(np.ptp(columns, axis=0))
    numbers = columns[:, differing[-1] if len(differing) else -1]
    if len(np.unique(numbers)) != len(files):
        raise ValueError(
            f"{folder} has {len(files)} TIFFs, but only {len(np.unique(numbers))} different "
            f"numbers in their names. Keep the patterns of one scan alone in the folder."
        )
    return numbers
