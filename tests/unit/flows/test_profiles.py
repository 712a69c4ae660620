from pathlib import Path

import pytest

from flows.params.profiles import SIZES, resolve
from flows.params.run import PhaseGParams, Profile
from tasks.simulate.fly_scan import make_probe
from tasks.simulate.params import SimulationParams

GUIDE = Path(__file__).resolve().parents[3] / "docs/guide.md"


@pytest.mark.parametrize("profile", list(Profile))
def test_the_guide_says_what_a_profile_is(profile):
    sizes = SIZES[profile]
    epochs = sizes.n_ptychi_epochs or "by overlap and size"
    row = (
        f"| `{profile.value}` | {sizes.probe.n_px} | "
        f"{sizes.train_positions[0]} x {sizes.train_positions[1]} | "
        f"{sizes.test_positions[0]} x {sizes.test_positions[1]} | "
        f"{sizes.n_training_steps} | {epochs} |"
    )
    assert row in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", list(Profile))
def test_the_probe_of_a_profile_fits_its_array(profile):
    make_probe(SimulationParams(probe=SIZES[profile].probe))


def test_both_networks_get_the_same_budget_and_size():
    training = resolve(PhaseGParams()).training
    pinn, baseline = (training[arm].model_dump() for arm in ("PtychoPINN", "Baseline"))
    for apart in ("arm", "learns_from"):
        assert pinn.pop(apart) != baseline.pop(apart)
    assert pinn == baseline


def test_the_backend_reaches_the_networks_and_not_pty_chi():
    stages = resolve(PhaseGParams(backend="torch"))
    assert {params.backend.value for params in stages.training.values()} == {"torch"}
    assert {params.backend.value for params in stages.prediction.values()} == {"torch"}
    assert "backend" not in stages.ptychi.model_dump()


def test_one_seed_reaches_every_draw():
    first, second = (resolve(PhaseGParams(seed=seed)) for seed in (42, 43))
    assert first.simulation.seed != second.simulation.seed
    assert first.training["Baseline"].seed != second.training["Baseline"].seed
    assert first.ptychi.seed != second.ptychi.seed


def test_a_replicate_is_the_run_of_the_next_seed():
    second, alone = resolve(PhaseGParams(fresh_samples=True), 2), resolve(PhaseGParams(seed=43))
    assert second == alone
    assert resolve(PhaseGParams(), 2).training == alone.training


def test_sample_scan_and_instrument_reach_the_simulation():
    chosen = {
        "sample": {"kind": "random_lines"},
        "test_sample": {"kind": "siemens_star"},
        "scan": {"kind": "fermat"},
        "instrument": {"readout_noise_photons": 2.0},
    }
    simulation = resolve(PhaseGParams(**chosen)).simulation
    assert (simulation.train_object.kind, simulation.test_object.kind) == (
        "random_lines",
        "siemens_star",
    )
    assert simulation.scan.kind == "fermat"
    assert simulation.instrument.readout_noise_photons == 2.0


def test_what_is_left_out_of_a_probe_is_that_of_the_profile():
    usual = SIZES[Profile.STUDY].probe
    assert resolve(PhaseGParams(profile="study")).simulation.probe == usual
    probe = resolve(PhaseGParams(profile="study", probe={"defocus_rad": 12})).simulation.probe
    assert (probe.n_px, probe.defocus_rad) == (usual.n_px, 12.0)


def test_splits_are_a_set_in_the_order_of_the_sample():
    assert [s.value for s in PhaseGParams(splits=("test", "train", "test")).splits] == [
        "train",
        "test",
    ]
    with pytest.raises(ValueError, match="at least one split"):
        PhaseGParams(splits=())


def test_options_of_pty_chi_reach_it_and_leave_the_profile_the_rest():
    asked = PhaseGParams(profile="smoke", ptychi={"algorithm": "epie", "n_orders": 3}, refine=7)
    stages = resolve(asked)
    assert (stages.ptychi.algorithm, stages.ptychi.n_orders) == ("epie", 3)
    assert stages.ptychi.n_epochs == SIZES[Profile.SMOKE].n_ptychi_epochs
    assert resolve(PhaseGParams(ptychi={"n_epochs": 5})).ptychi.n_epochs == 5
    assert (stages.refinement.algorithm, stages.refinement.n_orders) == ("epie", 1)
    assert stages.refinement.n_epochs == 7
