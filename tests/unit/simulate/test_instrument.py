"""The instrument's faults in a whole simulation: what changes in the files, and what does not."""

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import PixelFault
from tasks.core.study.stage_record import silent
from tasks.simulate.params import InstrumentParams, ProbeParams, SimulationParams
from tasks.simulate.stage import simulate

OUTPUTS = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
EVERY_FAULT = {
    "n_modes": 3,
    "position_error_px": 1.0,
    "background_photons_per_px": 0.5,
    "beam_stop_radius_px": 4.0,
    "point_spread_px": 0.6,
    "hot_pixel_fraction": 0.01,
    "saturation_photons": 40,
    "readout_noise_photons": 1.0,
    "dead_pixel_fraction": 0.01,
}


@pytest.fixture
def run(stage_files):
    """Simulate a small scan; return the test scan, the facts and the files."""

    def simulated(name="run", **faults):
        params = SimulationParams(
            photons_per_pattern=1e4,
            train_positions=(3, 3),
            test_positions=(8, 8),
            min_test_span_px=0,
            instrument=InstrumentParams(**faults),
        )
        files = stage_files(outputs={key: f"{name}_{file}" for key, file in OUTPUTS.items()})
        facts = simulate(params, files, silent)
        return read_scan(files.outputs["test"]), facts, files

    return simulated


def test_with_every_fault_at_once_the_same_seed_makes_the_same_bytes(run):
    hashes = [
        [sha256_of(path) for path in run(name, **EVERY_FAULT)[2].outputs.values()]
        for name in ("a", "b")
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_a_fault_changes_the_counts_alone_and_stands_in_the_file(run, fault):
    plain, _, plain_files = run("plain")
    faulty, facts, files = run("faulty", **{fault: EVERY_FAULT[fault]})
    assert not np.array_equal(plain.diffraction_counts, faulty.diffraction_counts)
    np.testing.assert_array_equal(plain.positions_px, faulty.positions_px)
    assert sha256_of(plain_files.outputs["truth"]) == sha256_of(files.outputs["truth"])
    recorded = faulty.provenance["simulation"]["instrument"]
    assert recorded == InstrumentParams(**{fault: EVERY_FAULT[fault]}).model_dump()
    assert facts["test"]["incident_photons_per_pattern"] == pytest.approx(1e4, rel=0.01)
    dose = faulty.provenance["dose"]
    assert dose["measured_photons_per_pattern"] == facts["test"]["measured_photons_per_pattern"]


def test_a_known_position_error_is_told_and_an_unknown_one_is_not(run):
    plain, _, _ = run("plain")
    unknown, facts, _ = run("unknown", position_error_px=1.0)
    known, _, _ = run("known", position_error_px=1.0, position_error_known=True)
    np.testing.assert_array_equal(unknown.diffraction_counts, known.diffraction_counts)
    np.testing.assert_array_equal(unknown.positions_px, plain.positions_px)
    error = known.positions_px - plain.positions_px
    assert np.sqrt(np.mean(error**2)) == pytest.approx(1, rel=0.2)
    assert facts["test"]["position_error_rms_px"] == pytest.approx(np.sqrt(np.mean(error**2)))
    half, _, _ = run("half", position_error_px=0.5, position_error_known=True)
    np.testing.assert_allclose(half.positions_px - plain.positions_px, error / 2, atol=1e-8)


def test_a_position_error_that_eats_the_guard_band_is_refused():
    with pytest.raises(ValidationError, match="Lower position_error_px to 4 px"):
        SimulationParams(instrument=InstrumentParams(position_error_px=4.1))
    SimulationParams(probe=ProbeParams(n_px=128), instrument={"position_error_px": 4.1})


def test_the_mask_in_the_file_names_every_fault_of_a_pixel(run):
    scan, facts, _ = run(**EVERY_FAULT)
    for fault in (PixelFault.HOT, PixelFault.DEAD, PixelFault.SHADOWED):
        assert np.any(scan.pixel_mask & np.uint32(fault))
    assert facts["test"]["good_pixel_fraction"] == scan.good_pixels.mean() < 1
    assert scan.diffraction_counts[:, scan.good_pixels].max() <= 40
    assert facts["test"]["saturated_fraction"] > 0


def test_the_modes_in_the_file_carry_the_photons_and_so_does_the_probe(run):
    scan, facts, _ = run(n_modes=3, mode_decay=0.5)
    energies = np.sum(np.abs(scan.probe_modes) ** 2, axis=(1, 2))
    np.testing.assert_allclose(energies / energies.sum(), [0.5, 0.25, 0.25])
    np.testing.assert_allclose(facts["mode_occupations"], [0.5, 0.25, 0.25])
    assert np.sum(np.abs(scan.probe) ** 2) == pytest.approx(energies.sum())


def test_nothing_is_written_when_the_probe_does_not_fit(stage_files, tmp_path):
    params = SimulationParams(probe=ProbeParams(kind="disc", diameter_px=80.0))
    with pytest.raises(ValueError, match="Lower diameter_px"):
        simulate(params, stage_files(outputs=OUTPUTS), silent)
    assert not list(tmp_path.iterdir())
