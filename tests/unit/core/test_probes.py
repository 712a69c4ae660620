import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from tasks.core.physics.probe import (
    coherent_probe,
    defocused_zone_plate_probe,
    energy_diameter_px,
    full_width_half_maximum_px,
    incoherent_modes,
    mode_orders,
    unit_energy,
)
from tasks.core.probes import PROBES, ProbeParams
from tasks.simulate.fly_scan import make_probe, make_probe_modes, probe_facts
from tasks.simulate.params import InstrumentParams, SimulationParams


def simulation(n_modes=1, **probe):
    return SimulationParams(
        probe=ProbeParams(**probe), instrument=InstrumentParams(n_modes=n_modes)
    )


def made(params):
    return PROBES[params.kind].make(params.n_px, params)


def facts_of(params):
    return probe_facts(make_probe(params), make_probe_modes(params))


@pytest.mark.parametrize("kind", sorted(set(PROBES) - {"file"}))
def test_a_probe_has_unit_energy_and_its_centre_in_the_middle(kind):
    probe = made(ProbeParams(kind=kind, curvature_rad=3.0))
    intensity = np.abs(probe) ** 2
    assert intensity.sum() == pytest.approx(1)
    rows, columns = np.indices(probe.shape)
    centre = ((rows * intensity).sum(), (columns * intensity).sum())
    np.testing.assert_allclose(centre, 32, atol=0.05)


def test_the_default_probe_is_the_zone_plate_to_the_last_bit():
    np.testing.assert_array_equal(
        make_probe(SimulationParams()), defocused_zone_plate_probe(64, 0.4, 0.3, 8.0)
    )


def test_a_gaussian_has_the_diameters_of_the_formula():
    probe = made(ProbeParams(kind="gaussian", diameter_px=16.0))
    assert full_width_half_maximum_px(probe) == pytest.approx(16.0, abs=0.5)
    assert energy_diameter_px(probe) == pytest.approx(16 * np.sqrt(np.log2(10)), abs=0.3)


def test_a_disc_is_evenly_lit_and_its_curvature_spreads_the_photons():
    flat, curved = (
        made(ProbeParams(kind="disc", diameter_px=30.0, curvature_rad=rad)) for rad in (0.0, 8.0)
    )
    assert full_width_half_maximum_px(flat) == pytest.approx(30.0, abs=0.6)
    assert np.ptp(np.abs(flat[25:40, 25:40])) < 1e-6 * np.abs(flat).max()
    np.testing.assert_allclose(np.abs(curved), np.abs(flat))
    assert np.angle(curved[32, 32 + 15] / curved[32, 32]) == pytest.approx(8.0 - 2 * np.pi)
    brightest = [np.abs(np.fft.fft2(probe)).max() for probe in (flat, curved)]
    assert brightest[1] < 0.5 * brightest[0]


@pytest.mark.parametrize("kind", ["gaussian", "disc"])
def test_a_probe_larger_than_its_array_is_refused(kind):
    with pytest.raises(ValueError, match=r"does not fit its array of 64 px.*Lower diameter_px"):
        make_probe(simulation(kind=kind, diameter_px=70.0))


def test_a_probe_is_read_from_numpy_and_hdf5(tmp_path, rng):
    probe = made(ProbeParams(kind="gaussian", diameter_px=16.0))
    np.save(tmp_path / "probe.npy", 7 * probe)
    with h5py.File(tmp_path / "probe.h5", "w") as file:
        file["entry/light"] = 7 * probe
    for name, dataset in (("probe.npy", "probe"), ("probe.h5", "entry/light")):
        params = simulation(kind="file", file=tmp_path / name, dataset=dataset)
        np.testing.assert_allclose(make_probe(params), probe, atol=1e-15)
        again = SimulationParams.model_validate(params.model_dump(mode="json"))
        assert again.probe.file_sha256 == params.probe.file_sha256 is not None


def test_modes_of_a_file_keep_their_shares_the_strongest_first(tmp_path):
    modes = make_probe_modes(simulation(n_modes=3))
    np.save(tmp_path / "modes.npy", 5 * modes[[2, 0, 1]])
    params = simulation(kind="file", file=tmp_path / "modes.npy")
    np.testing.assert_allclose(np.abs(make_probe_modes(params)[0]), np.abs(modes[0]))
    assert facts_of(params)["mode_occupations"][0] == pytest.approx(1 / 1.6)
    with pytest.raises(ValueError, match="Set n_modes to 1"):
        make_probe_modes(params.model_copy(update={"instrument": InstrumentParams(n_modes=2)}))


@pytest.mark.parametrize(
    ("values", "cure"),
    [
        (np.ones((32, 32)), r"got the shape \(32, 32\).*Crop or pad"),
        (np.ones(64), "Crop or pad"),
        (np.full((64, 64), np.nan), "not finite numbers"),
        (np.zeros((64, 64)), "holds light"),
        (np.full((64, 64), "a"), "complex array"),
        (np.ones((64, 64)), "Pad the probe in its file"),
    ],
)
def test_a_file_that_holds_no_probe_is_refused(tmp_path, values, cure):
    np.save(tmp_path / "probe.npy", values)
    with pytest.raises(ValueError, match=cure):
        make_probe(simulation(kind="file", file=tmp_path / "probe.npy"))


def test_a_probe_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "probe.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"Save it with np\.save"):
        make_probe(simulation(kind="file", file=tmp_path / "probe.npy"))
    (tmp_path / "probe.h5").write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=r"probe\.h5 cannot be read"):
        make_probe(simulation(kind="file", file=tmp_path / "probe.h5"))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["light"] = np.ones((64, 64))
    with pytest.raises(ValueError, match=r"no dataset 'probe'.*holds: light.*Name the right one"):
        make_probe(simulation(kind="file", file=tmp_path / "other.h5"))


def test_a_probe_file_that_is_missing_or_changed_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="Give its path in `file`"):
        ProbeParams(kind="file")
    with pytest.raises(ValidationError, match="is not there"):
        ProbeParams(kind="file", file=tmp_path / "none.npy")
    np.save(tmp_path / "probe.npy", np.ones((64, 64)))
    planned = ProbeParams(kind="file", file=tmp_path / "probe.npy").model_dump(mode="json")
    np.save(tmp_path / "probe.npy", np.zeros((64, 64)))
    with pytest.raises(ValidationError, match=r"changed since.*Put the old file back"):
        ProbeParams.model_validate(planned)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ValidationError, match="Choose one of: zone_plate, gaussian, disc, file"):
        ProbeParams(kind="cat")


def test_modes_are_orthogonal_and_their_occupation_falls_with_the_order():
    probe = 30 * make_probe(SimulationParams())
    modes = incoherent_modes(probe, 6, 0.3)
    products = np.einsum("iyx,jyx->ij", modes.conj(), modes)
    energies = np.diag(products).real
    np.testing.assert_allclose(products - np.diag(energies), 0, atol=1e-9)
    np.testing.assert_allclose(energies / energies[0], [1, 0.3, 0.3, 0.09, 0.09, 0.09])
    assert energies.sum() == pytest.approx(900)
    assert mode_orders(6) == [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]


def test_one_mode_is_the_probe_itself():
    probe = make_probe(SimulationParams())
    np.testing.assert_array_equal(incoherent_modes(probe, 1, 0.3), probe[None])
    np.testing.assert_array_equal(coherent_probe(probe[None]), probe)


def test_the_modes_of_a_gaussian_are_the_hermite_gauss_functions():
    params = ProbeParams(kind="gaussian", diameter_px=8.0)
    modes = incoherent_modes(made(params), 4, 0.5)
    sigma = 8 / (2 * np.sqrt(2 * np.log(2)))
    axis = np.arange(64) - 32.0
    envelope = np.exp(-(axis**2) / (4 * sigma**2))
    hermite = [envelope, axis * envelope, (axis**2 / sigma**2 - 1) * envelope]
    for mode, (y, x) in zip(modes, [(0, 0), (1, 0), (0, 1), (2, 0)], strict=True):
        expected = unit_energy(np.outer(hermite[y], hermite[x]))
        assert abs(np.vdot(unit_energy(mode), expected)) == pytest.approx(1, abs=1e-7)


def test_the_probe_of_those_who_know_one_mode_carries_all_photons():
    modes = incoherent_modes(20 * make_probe(SimulationParams()), 3, 0.4)
    probe = coherent_probe(modes)
    assert np.sum(np.abs(probe) ** 2) == pytest.approx(400)
    assert abs(np.vdot(unit_energy(probe), unit_energy(modes[0]))) == pytest.approx(1)


def test_both_diameters_of_a_probe_are_recorded():
    facts = facts_of(SimulationParams())
    assert facts["probe_diameter_px"] == pytest.approx(26.9, abs=0.1)
    assert facts["probe_full_width_half_maximum_px"] == pytest.approx(17.8, abs=0.1)
    several = facts_of(simulation(n_modes=3))
    assert several["probe_diameter_px"] == facts["probe_diameter_px"]
    assert several["all_modes_diameter_px"] > facts["probe_diameter_px"]
