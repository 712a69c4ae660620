"""What was measured of a comparison: its dose, its overlap and its pixel."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.files.atomic_files import read_json
from tasks.core.files.scan_record import Geometry
from tasks.core.study.stage_record import StageRecord
from tasks.report.page.page_files import PageFiles
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.texts.text_tables import fixed

Facts = list[tuple[str, str]]
IMPORT_MANIFEST, REGIONS_MANIFEST = "import.manifest.json", "regions.manifest.json"


class Telling(BaseModel):
    """Part of a record of a stage that a page tells of."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DoseFacts(Telling):
    """What was measured of one split; a measured scan has no nominal dose."""

    nominal_photons_per_pattern: float | None = None
    measured_photons_per_pattern: float
    counts_per_px: float
    saturated_fraction: float


class OverlapFacts(Telling):
    """What a view measured: `overlap_metrics.json`."""

    n_exposures: int
    n_selected: int
    overlap_ratio: float
    nominal_overlap_ratio: float | None = None
    step_px: float
    probe_diameter_px: float


class SimulationParameters(Telling):
    """The geometry among the parameters of a simulation."""

    energy_ev: float = Field(gt=0)
    distance_m: float = Field(gt=0)
    detector_pixel_m: float = Field(gt=0)
    probe: dict[str, Any]


class ImportFacts(Telling):
    """What an import measured of a whole scan."""

    dose: DoseFacts
    object_pixel_m: float | None


class RegionFacts(Telling):
    """What the cut measured of one region."""

    measured_photons_per_pattern: float


class GuardBand(Telling):
    """What keeps the regions apart."""

    axis: str
    guard_px: float


class CutFacts(Telling):
    """What the cut says of the whole scan; of older hubs no light."""

    regions: GuardBand | None = None
    light_outside_guard: float | None = None


@dataclass(frozen=True)
class Measurement:
    """Dose, overlap, pixel and cut of one comparison; None where no record tells."""

    dose: DoseFacts | None
    overlap: OverlapFacts | None
    object_pixel_m: float | None
    cut: CutFacts | None = None


def read_measurement(files: PageFiles, key: ComparisonKey) -> Measurement:
    """Return what was measured of one comparison's scan and view."""
    condition = key.place
    folder = Path(condition.truth).parent.as_posix()
    view = condition.view_folder(key.split)
    overlap = files.record(f"{view}/overlap_metrics.json", OverlapFacts)
    if files.has(f"{folder}/{IMPORT_MANIFEST}"):
        return _of_a_measured_scan(files, folder, key.split, overlap)
    manifest = f"{folder}/manifest.json"
    record = files.record(manifest, StageRecord)
    if record is None:
        return Measurement(None, overlap, None)
    facts = record.facts.get(key.split)
    dose = files.read(manifest, lambda _: DoseFacts.model_validate(facts)) if facts else None
    pixel_m = files.read(manifest, lambda _: _object_pixel_m(record.params))
    return Measurement(dose, overlap, pixel_m)


def _of_a_measured_scan(
    files: PageFiles, folder: str, split: str, overlap: OverlapFacts | None
) -> Measurement:
    """Return what import and cut measured; counts per pixel are those of the whole scan."""
    whole = files.read(
        f"{folder}/{IMPORT_MANIFEST}",
        lambda path: ImportFacts.model_validate(_read_manifest(path).facts),
    )
    part = files.read(
        f"{folder}/{REGIONS_MANIFEST}",
        lambda path: RegionFacts.model_validate(_read_manifest(path).facts.get(split)),
    )
    if whole is None:
        return Measurement(None, overlap, None)
    dose = None if part is None else whole.dose.model_copy(update=part.model_dump())
    cut = files.read(
        f"{folder}/{REGIONS_MANIFEST}",
        lambda path: CutFacts.model_validate(_read_manifest(path).facts),
    )
    return Measurement(dose, overlap, whole.object_pixel_m, cut)


def _read_manifest(path: Path) -> StageRecord:
    return StageRecord.model_validate(read_json(path))


def measured_facts(measurement: Measurement) -> Facts:
    """Return what was measured, name and value."""
    facts: Facts = []
    if (dose := measurement.dose) is not None:
        nominal = dose.nominal_photons_per_pattern
        asked = "" if nominal is None else f" (nominal {nominal:g})"
        measured = f"{dose.measured_photons_per_pattern:.1f} photons per pattern"
        facts += [
            ("measured dose", f"{measured}{asked}"),
            ("counts per detector pixel", fixed(dose.counts_per_px)),
            ("saturated pixels", f"{dose.saturated_fraction:.2%}"),
        ]
    if (overlap := measurement.overlap) is not None:
        nominal_ratio = overlap.nominal_overlap_ratio
        asked = "" if nominal_ratio is None else f" (nominal {nominal_ratio:g})"
        diameter = f"probe diameter {overlap.probe_diameter_px:.2f} px"
        facts += [
            ("measured overlap", f"{fixed(overlap.overlap_ratio)}{asked}"),
            ("step", f"{overlap.step_px:.2f} px, {diameter}"),
            ("patterns", f"{overlap.n_selected} of {overlap.n_exposures} exposures"),
        ]
    if measurement.object_pixel_m is not None:
        facts.append(("object pixel", f"{measurement.object_pixel_m * 1e9:.2f} nm"))
    if measurement.cut is not None and (band := measurement.cut.regions) is not None:
        outside = measurement.cut.light_outside_guard
        light = "" if outside is None else f"; {outside:.1%} of the refined light is wider"
        facts.append(("guard band", f"{band.guard_px:.1f} px along {band.axis}{light}"))
    return facts


def _object_pixel_m(params: Mapping[str, Any]) -> float:
    """Return the side of an object pixel; raises ValueError if the parameters do not tell."""
    asked = SimulationParameters.model_validate(params)
    n_px = asked.probe.get("n_px")
    if not isinstance(n_px, int) or n_px <= 0:
        raise ValueError(f"probe.n_px must be a positive number of pixels, got {n_px!r}")
    geometry = Geometry(asked.energy_ev, asked.distance_m, asked.detector_pixel_m)
    return geometry.object_pixel_m(n_px)
