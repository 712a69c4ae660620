"""Stage function of Phase C: parameters in, two CXI scans and their truth out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex128, Real64
from tasks.core.files.object_file import ObjectWindow, TruthFingerprint, write_object
from tasks.core.files.scan_file import ScanWriter
from tasks.core.files.scan_record import Geometry, ScanHeader, good_pixels
from tasks.core.geometry.patches import scan_box
from tasks.core.objects import object_facts
from tasks.core.physics.forward import draw_counts
from tasks.core.physics.probe import coherent_probe
from tasks.core.scan_patterns import scan_facts
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.simulate.exposure import DoseMeter, calibrate_probe, expose
from tasks.simulate.faults import Detector, pixel_mask, place_exposures, position_reach_px
from tasks.simulate.fly_scan import (
    lay_out_scans,
    make_probe,
    make_probe_modes,
    make_sample,
    probe_facts,
)
from tasks.simulate.params import SimulationParams


@dataclass(frozen=True)
class Setup:
    """What both scans share: sample (H, W), modes of unit energy in all (M, N, N), mask (N, N)."""

    object_: Complex128
    unit_modes: Complex128
    mask: NDArray[np.uint32]
    probe_facts: dict[str, Any]


def simulate(params: SimulationParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Simulate the training and the test scan of one object, `train` and `test`, and its `truth`.

    Each scan is exposed so that its mean pattern holds the nominal photons.

    Raises:
        ValueError: If the probe does not fit its array, a file does not hold what it should, or the
            dose is not met.
    """
    unit_modes = make_probe_modes(params)
    mask = pixel_mask(params.instrument, params.probe.n_px, params.seed)
    facts = probe_facts(make_probe(params), unit_modes)
    layout = lay_out_scans(params, facts["probe_diameter_px"])
    object_ = make_sample(params, layout)
    setup = Setup(object_, unit_modes, mask, dict(facts))
    guard_px = layout.guard_px - 2 * position_reach_px(params.instrument)
    facts |= {"object_shape": list(layout.shape), "guard_px": guard_px}
    facts |= {"samples": sample_facts(params), "scan": scan_facts(params.scan)}

    for number, (split, positions_px) in enumerate(layout.positions_px.items(), start=1):
        path = files.outputs[split.value]
        facts[split.value] = expose_scan(params, split, setup, positions_px, path)
        progress(
            number,
            len(Split),
            f"{split.value} scan of {len(positions_px)} patterns, "
            f"{facts[split.value]['measured_photons_per_pattern']:.1f} photons per pattern",
        )
    record = params.record(Split.TEST)
    truth_facts = {
        **{name: record[name] for name in ("seed", "train_object", "test_object")},
        "samples": facts["samples"],
        "test_row_px": layout.test_row_px,
    }
    write_object(files.outputs["truth"], ObjectWindow(object_, (0, 0), truth_facts))
    return facts


def expose_scan(
    params: SimulationParams, split: Split, setup: Setup, asked_px: Real64, path: Path
) -> dict[str, Any]:
    """Expose a scan at (y, x) [px], (J, 2), and write it as CXI in parts; refuse a missed dose."""
    instrument = params.instrument
    positions = place_exposures(instrument, asked_px, params.seed, split)
    # The sample goes on, mirrored, where a displaced patch leaves it.
    reach = position_reach_px(instrument)
    sample = np.pad(setup.object_, reach, mode="reflect") if reach else setup.object_
    places_px, whole = positions.true_px + reach, ObjectWindow(setup.object_, (0, 0))
    modes = calibrate_probe(sample, places_px, setup.unit_modes, params.photons_per_pattern)
    header = ScanHeader(
        positions_px=positions.recorded_px,
        probe=coherent_probe(modes),
        geometry=Geometry(params.energy_ev, params.distance_m, params.detector_pixel_m),
        provenance={
            "simulation": params.record(split),
            "split": split.value,
            "scan": scan_facts(params.scan),
            "sample": sample_facts(params)[split.value],
            **TruthFingerprint.of(whole, scan_box(asked_px, modes.shape[-1])).as_json,
            **setup.probe_facts,
        },
        modes=modes if len(modes) > 1 else None,
        pixel_mask=setup.mask,
    )
    detector = Detector(instrument, setup.mask, params.seed, split)
    meter = DoseMeter(params.photons_per_pattern, good_pixels(setup.mask))
    shot_noise = spawn(params.seed, Purpose.SHOT_NOISE, split)
    with ScanWriter.open(path, header) as writer:
        for intensity in expose(sample, places_px, modes):
            arrived = draw_counts(detector.expect(intensity), shot_noise)
            reading = detector.read(arrived)
            meter.add(arrived, reading)
            writer.append(reading.counts)
        dose = meter.facts()
        away_px = positions.true_px - asked_px
        error = {"position_error_rms_px": float(np.sqrt(np.mean(away_px**2)))}
        writer.provenance |= {"dose": dose} | error
    return {"n_patterns": len(asked_px), **dose, **error}


def sample_facts(params: SimulationParams) -> dict[str, Any]:
    """Return what is known of the sample below each scan, beside its parameters."""
    train = object_facts(params.train_object)
    test = train if params.test_object is None else object_facts(params.test_object)
    return {Split.TRAIN.value: train, Split.TEST.value: test}
