import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.core.files.scan_record import Geometry, Scan
from tasks.reconstruct.params import Algorithm, NoiseModel, PtyChiParams
from tasks.reconstruct.solver_settings import (
    DENSE_EPOCHS,
    LARGEST_TV_WEIGHT,
    SPARSE_EPOCHS,
    Exposure,
    measure_exposure,
    settings_for,
)


def chosen(photons_per_px, overlap_ratio=0.7, n_patterns=100, **params):
    exposure = Exposure(photons_per_px, overlap_ratio, n_patterns)
    return settings_for(PtyChiParams(**params), exposure, seed=1)


@pytest.mark.parametrize("photons_per_px", [15, 150, 1500])
def test_a_dense_view_ends_by_poisson_after_faster_epochs_by_gauss(photons_per_px):
    settings = chosen(photons_per_px)
    assert settings.noise_model is NoiseModel.POISSON
    assert 0 < settings.gaussian_epochs < settings.n_epochs // 3


@pytest.mark.parametrize("photons_per_px", [15, 150, 1500])
def test_a_sparse_view_takes_the_faster_noise_model_and_more_epochs(photons_per_px):
    sparse = chosen(photons_per_px, overlap_ratio=0.2)
    assert sparse.noise_model is NoiseModel.GAUSSIAN
    assert sparse.n_epochs == SPARSE_EPOCHS > DENSE_EPOCHS == chosen(photons_per_px).n_epochs


@pytest.mark.parametrize(
    ("overlap_ratio", "n_patterns", "n_epochs"),
    [
        (0.7, 225, DENSE_EPOCHS),
        (0.7, 625, DENSE_EPOCHS),
        (0.7, 2500, 2 * DENSE_EPOCHS),
        (0.2, 49, SPARSE_EPOCHS),
        (0.2, 100, SPARSE_EPOCHS),
        (0.2, 225, 1.5 * SPARSE_EPOCHS),
    ],
)
def test_a_scan_of_twice_the_side_takes_twice_the_epochs(overlap_ratio, n_patterns, n_epochs):
    assert chosen(150, overlap_ratio, n_patterns=n_patterns).n_epochs == n_epochs


def test_smoothing_falls_with_the_root_of_the_dose_up_to_a_cap():
    weights = [chosen(photons).total_variation_weight for photons in (0.1, 2, 20, 200, 2000)]
    assert weights[0] == weights[1] == LARGEST_TV_WEIGHT
    assert weights == sorted(weights, reverse=True)
    assert weights[2] / weights[4] == pytest.approx(10)


def test_what_the_parameters_name_is_taken_as_it_is():
    settings = chosen(15, n_epochs=7, noise_model="gaussian", total_variation_weight=0)
    assert (settings.n_epochs, settings.noise_model) == (7, NoiseModel.GAUSSIAN)
    assert settings.total_variation_weight == 0


def test_dose_and_overlap_are_measured_from_the_scan():
    rows, columns = np.mgrid[:6, :5]
    probe = np.zeros((16, 16), dtype=complex)
    probe[4:13, 4:13] = 1
    scan = Scan(
        diffraction_counts=np.full((30, 16, 16), 3, dtype=np.uint16),
        positions_px=np.stack([rows.ravel(), columns.ravel()], axis=1) * 4.0,
        probe=probe,
        geometry=Geometry(8000.0, 2.0, 75e-6),
        provenance={},
    )
    exposure = measure_exposure(scan)
    assert exposure.photons_per_px == pytest.approx(3 * 256 / 16)
    assert 0.5 < exposure.overlap_ratio < 0.7
    assert exposure.n_patterns == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_epochs": 0},
        {"batch_size": 0},
        {"total_variation_weight": -0.1},
        {"noise_model": "uniform"},
        {"device": "tpu"},
        {"epochs": 3},
    ],
)
def test_parameters_out_of_bounds_or_unknown_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PtyChiParams(**wrong)


def test_the_other_algorithms_and_plain_lsqml_are_run_as_pty_chi_ships_them():
    for params in ({"algorithm": "epie"}, {"algorithm": "autodiff"}, {"plain": True}):
        settings = chosen(15, **params)
        assert not settings.accelerate
        assert settings.total_variation_weight == 0
        assert settings.noise_model is NoiseModel.GAUSSIAN
    assert [chosen(15, algorithm=name).batch_size for name in Algorithm] == [64, 16, 32]


@pytest.mark.parametrize(
    ("together", "cure"),
    [
        ({"algorithm": "epie", "plain": True}, "Leave plain out"),
        ({"algorithm": "epie", "noise_model": "gaussian"}, "Leave noise_model out"),
        ({"algorithm": "autodiff", "accelerate": True}, "Leave accelerate out"),
        ({"plain": True, "noise_model": "poisson"}, "Leave noise_model out"),
        (
            {"plain": True, "accelerate": True, "total_variation_weight": 0.1},
            "Leave accelerate and total_variation_weight out",
        ),
    ],
)
def test_options_that_exclude_each_other_are_refused(together, cure):
    with pytest.raises(ValidationError, match=cure):
        PtyChiParams(**together)


def test_nothing_but_the_solver_imports_torch_or_pty_chi():
    folder = Path(__file__).parents[3] / "tasks" / "reconstruct"
    importers = {
        path.name
        for path in folder.glob("*.py")
        if re.search(r"^(import|from) (torch|ptychi)\b", path.read_text(), re.MULTILINE)
    }
    assert importers == {"ptychi_solver.py", "ptychi_solver_task.py"}
