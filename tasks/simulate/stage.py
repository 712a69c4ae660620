"""Stage function of Phase C: parameters in, two CXI scans and their truth out."""

from typing import Any

from tasks.core.object_file import ObjectWindow, write_object
from tasks.core.objects import object_facts
from tasks.core.scan_file import Geometry, Scan, write_scan
from tasks.core.scan_patterns import scan_facts
from tasks.core.seeds import Purpose, Split, spawn
from tasks.core.stages import Progress, StageFiles
from tasks.simulate.fly_scan import (
    ScanLayout,
    calibrate_probe,
    count_photons,
    lay_out_scans,
    make_probe,
    make_sample,
    measured_dose,
    probe_facts,
)
from tasks.simulate.params import SimulationParams


def simulate(params: SimulationParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Simulate the training and the test scan of one object.

    Each scan is exposed so that its mean pattern holds the nominal photons.

    Args:
        params: Parameters of the simulation.
        files: Outputs `train` and `test` (CXI) and `truth` (HDF5).
        progress: Told after each scan.

    Returns:
        Measured dose of each split, probe size, shape of the object.

    Raises:
        ValueError: If the probe does not fit its array, a file does not hold what it should, or the
            dose is not met.
    """
    unit_probe = make_probe(params)
    facts: dict[str, Any] = probe_facts(unit_probe)
    layout = lay_out_scans(params, facts["probe_diameter_px"])
    object_ = make_sample(params, layout)
    facts |= {"object_shape": list(layout.shape), "guard_px": layout.guard_px}
    facts |= {"samples": sample_facts(params), "scan": scan_facts(params.scan)}
    geometry = Geometry(params.energy_ev, params.distance_m, params.detector_pixel_m)

    for number, (split, positions_px) in enumerate(layout.positions_px.items(), start=1):
        probe = calibrate_probe(object_, positions_px, unit_probe, params.photons_per_pattern)
        counts = count_photons(
            object_, positions_px, probe, spawn(params.seed, Purpose.SHOT_NOISE, split)
        )
        dose = measured_dose(counts, params.photons_per_pattern)
        facts[split.value] = {"n_patterns": len(counts), **dose}
        provenance = {
            "simulation": params.record(split),
            "split": split.value,
            "scan": facts["scan"],
            "sample": facts["samples"][split.value],
            "dose": dose,
            **probe_facts(probe),
        }
        write_scan(
            files.outputs[split.value], Scan(counts, positions_px, probe, geometry, provenance)
        )
        progress(
            number,
            len(Split),
            f"{split.value} scan of {len(counts)} patterns, "
            f"{dose['measured_photons_per_pattern']:.1f} photons per pattern",
        )
    write_object(files.outputs["truth"], ObjectWindow(object_, (0, 0), truth_facts(params, layout)))
    return facts


def truth_facts(params: SimulationParams, layout: ScanLayout) -> dict[str, Any]:
    """Return what made the true object, as JSON."""
    return {
        "seed": params.seed,
        "simulation": params.record(Split.TEST),
        "samples": sample_facts(params),
        "test_row_px": layout.test_row_px,
    }


def sample_facts(params: SimulationParams) -> dict[str, Any]:
    """Return what is known of the sample below each scan, beside its parameters."""
    train = object_facts(params.sample)
    test = train if params.test_sample is None else object_facts(params.test_sample)
    return {Split.TRAIN.value: train, Split.TEST.value: test}
