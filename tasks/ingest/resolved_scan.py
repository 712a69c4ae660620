"""Opening a measured scan, everything that is needed said of it: by its file, or by the person.

A file stays in its folder. What nobody says is asked for by the name of the option, not guessed.
Options speak of the file: what is true of it changes nothing, what contradicts it is noted.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex, Indices, Mask, Real64
from tasks.core.files.archive import is_archive
from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, refuse_links_out
from tasks.core.files.named_files import path_below
from tasks.core.files.scan_record import Geometry
from tasks.ingest.file_options import MaskSense, Values, ZeroFrequency
from tasks.ingest.file_scan import FileMask, FileScan
from tasks.ingest.files.frame_masks import MaskLoss
from tasks.ingest.files.patterns import Patterns
from tasks.ingest.files.product import with_product
from tasks.ingest.files.statements import Contradiction, agreed, differing
from tasks.ingest.importers import IMPORTERS
from tasks.ingest.params import AUTO, IngestParams
from tasks.ingest.raster import read_raster
from tasks.ingest.resolved_positions import joined_by_number, read_positions_file, resolve_positions

PIXEL_AGREEMENT = 0.02
TIFF = "tiff"


@dataclass(frozen=True)
class ResolvedScan:
    """A measured scan; its patterns are as they are stored; None for what is not known.

    Attributes:
        positions: Positions of the probe over the object (y, x), shape (J, 2), in metres or, where
            no metre is known, in object pixels of the stored patterns.
        numbers: Numbers of the patterns in the file, counted from 0, shape (J,).
        object_pixel_m: Side of an object pixel for the stored patterns [m].
        good: Detector pixels that can be trusted, as stored, shape (H, W).
        dark: Dark frame of the scan's own file, as stored, (H, W), or a stack of them.
        probe_modes: Modes of the scan's own probe, any scale, shape (M, N, N).
        origins: Where each of these was found.
        contradictions: What the person says otherwise than the file.
        n_without_position: Patterns of the file that are left out, since no position is theirs.
        n_masked: Patterns that are left out, since the file masks every pixel of theirs.
        far_field: Whether the file says that patterns are far-field ones.
        missing_numbers: Numbers of patterns that are not there.
        mask_loss: What is lost as masks of single patterns become one, by number in the file.
    """

    format: str
    patterns: Patterns
    values: Values
    zero_frequency: ZeroFrequency
    positions: Real64
    in_metres: bool
    numbers: Indices
    geometry: Geometry | None
    object_pixel_m: float | None
    good: Mask | None
    dark: NDArray[Any] | None
    probe_modes: Complex | None
    origins: dict[str, str]
    contradictions: tuple[Contradiction, ...] = ()
    n_without_position: int = 0
    n_masked: int = 0
    far_field: bool | None = None
    missing_numbers: tuple[int, ...] = ()
    mask_loss: MaskLoss | None = None

    def __len__(self) -> int:
        """Return the number of patterns."""
        return self.patterns.shape[0]

    @property
    def stored_px(self) -> int:
        """Side of a stored pattern along x [px]."""
        return self.patterns.shape[2]

    def positions_px(self, n_px: int, binning: int = 1) -> Real64:
        """Return the positions of the probe (y, x) in object pixels, shape (J, 2).

        A pattern that is cropped to a share of its side has object pixels larger by the inverse of
        that share; adding up pixels leaves them as they are.
        """
        share = n_px * binning / self.stored_px
        pixel = self.object_pixel_m if self.in_metres and self.object_pixel_m else 1.0
        return self.positions * share / pixel


def open_scan(path: Path, params: IngestParams) -> ResolvedScan:
    """Open a measured scan; its patterns are read when they are asked for.

    ValueError if the file cannot be read, leads out of the data root, is of no known format, or
    neither it nor the parameters say what is needed.
    """
    if not path.is_file() and not path.is_dir():
        raise ValueError(f"{path} is not there. Give the path of a file, or of a folder of TIFFs.")
    root = path.resolve().parent if params.data_root is None else params.data_root.resolve()
    beside = (params.product.file, params.layout.file, params.positions.file)
    for given in (path, *beside):
        if given is None:
            continue
        if params.data_root is not None and path_below(params.data_root, given.resolve()) is None:
            raise ValueError(
                f"{given} lies outside the data root {params.data_root}. Name a file below it."
            )
        if given.is_file() and h5py.is_hdf5(given):
            refuse_links_out(given, root if given is path else _root_of(given, params))
    name = _recognise(path, params) if params.format == AUTO else params.format
    if path.is_dir() and name != TIFF:
        raise ValueError(f"{path} is a folder, which is read as TIFFs alone. Name a file in it.")
    importer = IMPORTERS[name]
    file_scan = importer.read(path, params)
    product = params.product.file
    if product is not None and not importer.reads_product and not product.samefile(path):
        file_scan = with_product(file_scan, product, params)
    if params.positions.file is not None:
        stated = read_positions_file(params.positions, params.unpacked_limit_gib)
        file_scan = replace(file_scan, positions=stated)
    if params.positions.raster is not None:
        raster = read_raster(params.positions.raster)
        n_patterns = file_scan.patterns.shape[0] + len(file_scan.missing_numbers)
        stated = raster.positions(params.positions.moves, n_patterns)
        file_scan = replace(file_scan, positions=stated)
    file_scan = joined_by_number(file_scan)
    if file_scan.positions is None:
        sought = f": {file_scan.positions_sought}" if file_scan.positions_sought else ""
        raise ValueError(
            f"{path} has {file_scan.patterns.shape[0]} patterns, but no positions{sought}. Name "
            f"the product of the scan, which holds probe_position_x_m and probe_position_y_m, by "
            f"--product.file; or any file of positions by --positions.file, with --positions.unit, "
            f"--positions.order and --positions.moves; or, for a raster, --positions.raster."
        )
    return resolve(file_scan, params, name)


def _root_of(given: Path, params: IngestParams) -> Path:
    """Return the folder that links of a file beside the scan must stay in."""
    return given.resolve().parent if params.data_root is None else params.data_root.resolve()


def _recognise(path: Path, params: IngestParams) -> str:
    """Return the name of a file's format, from its content."""
    for name, importer in IMPORTERS.items():
        if importer.takes_file(path, params):
            return name
    if is_archive(path):
        return next(name for name, one in IMPORTERS.items() if one.takes_archive(path, params))
    with open_foreign_hdf5(path) as file:
        for name, importer in IMPORTERS.items():
            if importer.recognises(file):
                return name
        top = ", ".join(sorted(file)) or "nothing"
    raise ValueError(
        f"{path} is HDF5, but of no format that is known here; its top level holds: {top}. Say "
        f"which dataset is what in a YAML, with --layout.file, or name its --format "
        f"({', '.join(IMPORTERS)})."
    )


def resolve(file_scan: FileScan, params: IngestParams, format_: str) -> ResolvedScan:
    """Join what a file states with what a person says; ask for what is missing or contradictory."""
    noted: list[Contradiction] = []
    geometry, object_pixel_m = _resolve_geometry(file_scan, params, noted)
    placed = resolve_positions(file_scan, params, object_pixel_m, noted)
    asked, patterns = params.patterns, file_scan.patterns
    n_without = patterns.shape[0] - len(placed.kept)
    used = np.isin(np.arange(patterns.shape[0]), placed.kept)
    used[list(params.positions.leave_out)] = False
    good, blank, lost = _good_pixels(file_scan, params, used, noted)
    seen = ~np.isin(placed.kept, blank)
    kept = placed.kept[seen]
    return ResolvedScan(
        format=format_,
        patterns=patterns if len(kept) == patterns.shape[0] else patterns.taken(kept),
        values=agreed(noted, "patterns.values", asked.values, file_scan.values),
        zero_frequency=agreed(
            noted, "patterns.zero-frequency", asked.zero_frequency, file_scan.zero_frequency
        ),
        positions=placed.values[seen],
        in_metres=placed.in_metres,
        numbers=kept,
        geometry=geometry,
        object_pixel_m=object_pixel_m,
        good=good,
        dark=file_scan.dark,
        probe_modes=file_scan.probe_modes,
        origins={key: value for key, value in file_scan.origins.items() if value},
        contradictions=tuple(noted),
        n_without_position=n_without,
        n_masked=int(np.count_nonzero(~seen)),
        far_field=file_scan.far_field,
        missing_numbers=file_scan.missing_numbers,
        mask_loss=lost,
    )


def _resolve_geometry(
    file_scan: FileScan, params: IngestParams, noted: list[Contradiction]
) -> tuple[Geometry | None, float | None]:
    """Return the instrument and the object pixel; None for what is not known."""
    names = ("energy_ev", "distance_m", "detector_pixel_m")
    energy, distance, pixel = (
        differing(noted, name.replace("_", "-"), getattr(params, name), getattr(file_scan, name))
        for name in names
    )
    object_pixel = file_scan.object_pixel_m
    side = file_scan.patterns.shape[2]
    if energy and distance and not pixel and object_pixel:
        pixel = Geometry(energy, distance, 1.0).object_pixel_m(side) / object_pixel
    if energy and distance and pixel:
        geometry = Geometry(energy, distance, pixel)
        implied = geometry.object_pixel_m(side)
        if object_pixel and abs(implied / object_pixel - 1) > PIXEL_AGREEMENT:
            raise ValueError(
                f"The file states object pixels of {object_pixel:.4g} m, but energy "
                f"{energy:.6g} eV, distance {distance:g} m and {side} detector pixels of "
                f"{pixel:g} m make them {implied:.4g} m. One of them is wrong, or the patterns "
                f"were cropped or binned since: give --energy-ev, --distance-m or "
                f"--detector-pixel-m."
            )
        if params.geometry_unknown:
            noted.append(
                Contradiction(
                    "geometry-unknown",
                    "unknown",
                    "energy, distance and detector pixel",
                    by_format=False,
                    is_followed=False,
                )
            )
        return geometry, implied
    if params.geometry_unknown or file_scan.geometry_unknown:
        return None, object_pixel
    known = {"energy-ev": energy, "distance-m": distance, "detector-pixel-m": pixel}
    lacking = ", ".join(f"--{name}" for name, value in known.items() if not value)
    raise ValueError(
        f"The file does not say all of the geometry. Give {lacking}; or, if nobody knows them, "
        f"--geometry-unknown: then every length stays in pixels."
    )


def _good_pixels(
    file_scan: FileScan, params: IngestParams, used: Mask, noted: list[Contradiction]
) -> tuple[Mask | None, Indices, MaskLoss | None]:
    """Return where the file's mask is good, shape (H, W), and patterns that it masks as a whole.

    One mask is made of those of the patterns that are used (J,); what that loses comes third.
    `--mask.sense` is that of the file named by `--mask.file`; without one, that of the scan's mask.
    """
    mask, shape = file_scan.mask, file_scan.patterns.shape
    if mask is None:
        return None, np.empty(0, dtype=np.intp), None
    stated = None if params.mask.file is not None else params.mask.sense
    sense = stated if mask.sense is None else agreed(noted, "mask.sense", stated, mask.sense)
    if sense is None:
        raise ValueError(
            "The file has a mask, but does not say whether zero is good. Give --mask.sense "
            "zero_is_good or nonzero_is_good."
        )
    if mask.shape != shape[1:]:
        raise ValueError(
            f"The mask has the shape {mask.shape}, the patterns {shape[1:]}. Give the mask of this "
            f"detector, as the patterns were cut."
        )
    good, blank = mask.good(sense, used)
    used = used.copy()
    used[blank] = False
    lost = mask.loss(sense, used) if used.any() else None
    if not good.any() or not used.any():
        raise ValueError(_nothing_good(mask, sense, lost))
    return good, blank, lost


def _nothing_good(mask: FileMask, sense: MaskSense, lost: MaskLoss | None) -> str:
    if lost is not None and lost.culprits:
        options = " ".join(f"--positions.leave-out {index}" for index in lost.culprits)
        return (
            f"No pixel is trusted by the masks of all patterns. Without a few of them "
            f"{1 - lost.share_without:.0%} are: leave these out with {options}."
        )
    other = next(one for one in MaskSense if one is not sense)
    n_good = int(mask.good(other)[0].sum())
    if not n_good:
        return "The file's mask leaves no good pixel in either sense. Give one by --mask.file."
    return (
        f"The file's mask leaves no good pixel where {sense.value.replace('_', ' ')}; in the other "
        f"sense {n_good} are good. If that is true of the file, give --mask.sense {other.value}."
    )
