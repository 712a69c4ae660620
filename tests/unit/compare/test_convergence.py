from types import SimpleNamespace

import numpy as np
import pytest

from tasks.catalogue.metric import PARTS
from tasks.catalogue.metrics import METRICS
from tasks.compare.alignment.gauge import Gauge, apply_gauge
from tasks.compare.alignment.region import Region
from tasks.compare.comparison_figure import control_lines
from tasks.compare.convergence import (
    Convergence,
    Iterate,
    convergence_of,
    iterations_to_quality,
    write_convergence,
)
from tasks.compare.convergence_figure import QUANTITIES
from tasks.compare.evaluator import Evaluator
from tasks.compare.reference_object import ReferenceObject
from tasks.core.files.object_file import ObjectWindow, iterates_writer
from tasks.core.geometry.patches import Window
from tasks.core.geometry.scored_pixels import largest_rectangle
from tasks.core.objects import ObjectParams, make_object

SHAPE = (120, 130)
FACTOR, RAMP, SHIFT = 0.8 * np.exp(2j), (0.02, -0.01), (0.4, -0.3)


def _curve(*pairs):
    return Convergence(tuple(Iterate(epoch, error, 0.1, 0.2) for epoch, error in pairs))


@pytest.fixture(scope="module")
def evaluator():
    truth = make_object(ObjectParams(), SHAPE, np.random.default_rng(5))
    mask = np.zeros(SHAPE, dtype=bool)
    mask[10:-10, 10:-10] = True
    lit = np.zeros(SHAPE, dtype=bool)
    lit[5:-5, 5:-5] = True
    region = Region(Window((7, 9), SHAPE), np.where(lit, 50.0, 0.0), lit, mask)
    return Evaluator(region, ReferenceObject(truth, mask, largest_rectangle(mask)), 2.0)


def _write(path, evaluator, errors, gauge):
    """Write iterates of known complex noise in one gauge, the first one flat."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(SHAPE) + 1j * rng.standard_normal(SHAPE)
    truth, mask = evaluator.reference.object_, evaluator.reference.mask
    unit = np.sqrt(np.sum(np.abs(truth[mask]) ** 2) / np.sum(np.abs(noise[mask]) ** 2))
    with iterates_writer(path) as save:
        save(0, ObjectWindow(np.ones(SHAPE, dtype=np.complex64), (7, 9)))
        for epoch, error in errors.items():
            image = apply_gauge(truth + error * unit * noise, gauge)
            save(epoch, ObjectWindow(image.astype(np.complex64), (7, 9)))


def test_planted_errors_are_found_whatever_the_gauge(evaluator, tmp_path):
    errors = {1: 0.3, 2: 0.2, 3: 0.15, 4: 0.1}
    gauge = Gauge(FACTOR, RAMP, SHIFT)
    _write(tmp_path / "it.h5", evaluator, errors, gauge)
    curve = convergence_of(tmp_path / "it.h5", evaluator, gauge)
    assert [one.epoch for one in curve.iterates] == [0, 1, 2, 3, 4]
    for one in curve.iterates[1:]:
        # A factor is fitted too, and the noise that lies along the truth goes into it.
        assert one.complex_nrmse == pytest.approx(errors[one.epoch], rel=0.03)
    start = curve.iterates[0]
    flat = evaluator.evaluate(np.ones(SHAPE, dtype=complex))
    assert start.complex_nrmse == pytest.approx(flat.value("complex_nrmse"), rel=1e-6)
    assert curve.final.complex_nrmse == pytest.approx(errors[4], rel=0.03)


def test_the_last_iterate_is_evaluated_as_the_result_is(evaluator, tmp_path):
    gauge = Gauge(FACTOR, RAMP, SHIFT)
    _write(tmp_path / "it.h5", evaluator, {1: 0.2, 2: 0.1}, gauge)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(SHAPE) + 1j * rng.standard_normal(SHAPE)
    truth, mask = evaluator.reference.object_, evaluator.reference.mask
    unit = np.sqrt(np.sum(np.abs(truth[mask]) ** 2) / np.sum(np.abs(noise[mask]) ** 2))
    result = evaluator.evaluate(apply_gauge(truth + 0.1 * unit * noise, gauge))
    final = convergence_of(tmp_path / "it.h5", evaluator, result.gauge).final
    assert final.complex_nrmse == pytest.approx(result.value("complex_nrmse"), rel=1e-5)
    amplitude, phase = (result.value("mae", part) for part in ("amplitude", "phase"))
    assert final.amplitude_mae == pytest.approx(amplitude, rel=1e-5)
    assert final.phase_mae == pytest.approx(phase, rel=1e-5)


def test_an_iterate_that_cannot_be_evaluated_is_named_by_file_and_epoch(evaluator, tmp_path):
    with iterates_writer(tmp_path / "it.h5") as save:
        save(3, ObjectWindow(np.full(SHAPE, np.nan + 0j, dtype=np.complex64), (7, 9)))
    with pytest.raises(ValueError, match=r"it\.h5, epoch 3: \d+ weighted pixels"):
        convergence_of(tmp_path / "it.h5", evaluator, Gauge())
    with iterates_writer(tmp_path / "none.h5") as save:
        pass
    with pytest.raises(ValueError, match=r"cannot be read|holds no iterate"):
        convergence_of(tmp_path / "none.h5", evaluator, Gauge())


def test_the_gain_of_twice_the_epochs_is_exact_for_an_exponential_decay():
    def error(epoch):
        return 0.1 + 0.8 * np.exp(-epoch / 12)

    curve = _curve(*((epoch, error(epoch)) for epoch in (0, 10, 20, 30, 40)))
    assert curve.doubling_gain == pytest.approx(1 - error(80) / error(40), rel=1e-9)
    still = _curve((0, 1.0), (20, 0.3), (30, 0.3), (40, 0.3))
    assert still.doubling_gain == 0.0
    rising = _curve((0, 1.0), (20, 0.3), (30, 0.29), (40, 0.31))
    assert rising.doubling_gain == 0.0
    steady = _curve((0, 1.0), (20, 0.30), (30, 0.29), (40, 0.28))
    assert steady.doubling_gain == pytest.approx(0.04 / 0.28)
    assert _curve((0, 1.0), (20, 0.3), (40, 0.2)).doubling_gain is None
    assert _curve((0, 1.0), (1, 0.3)).doubling_gain is None


def test_a_learned_start_saves_epochs_and_the_record_says_between_which():
    curves = {
        "PtyChi": _curve((0, 1.0), (10, 0.5), (20, 0.2), (40, 0.1)),
        "PtychoPINN-refined": _curve((0, 0.3), (2, 0.15), (4, 0.104), (8, 0.09)),
        "Baseline-refined": _curve((0, 0.3), (8, 0.2)),
        "NoNetwork": _curve((0, 0.3), (8, 0.2)),
    }
    saved = iterations_to_quality(curves)
    assert list(saved) == ["PtychoPINN-refined", "Baseline-refined"]
    better, worse = saved.values()
    assert (better["epochs"], better["epochs_after"]) == (4, 2)
    assert better["target_complex_nrmse"] == pytest.approx(0.105)
    assert better["ptychi_epochs"] is None
    assert better["ptychi_epochs_why"] == "not reached in 40 epochs: 0.1 is above 0.09"
    assert worse["epochs"] is None
    assert "not reached in 8 epochs: 0.2 is above 0.105" in worse["epochs_why"]
    assert (worse["ptychi_epochs"], worse["ptychi_epochs_after"]) == (20, 10)
    assert iterations_to_quality({"PtychoPINN-refined": _curve((0, 1.0))}) == {}


def test_a_curve_is_written_row_by_row(tmp_path):
    write_convergence(tmp_path / "c.csv", {"PtyChi": _curve((0, 1 / 3), (2, 0.25))})
    assert (tmp_path / "c.csv").read_text() == (
        "model,epoch,complex_nrmse,amplitude_mae,phase_mae\n"
        "PtyChi,0,0.3333333333,0.1,0.2\n"
        "PtyChi,2,0.25,0.1,0.2\n"
    )


def test_the_figure_has_the_names_of_the_tables():
    names = ["complex NRMSE", "MAE amplitude", "MAE phase [rad]"]
    assert [label for _, label in QUANTITIES] == names
    assert names == [METRICS.get("complex_nrmse").label, *map(METRICS.get("mae").title, PARTS)]


def test_the_table_of_controls_names_amplitude_and_phase():
    result = SimpleNamespace(value=lambda _, part: 0.9 if part == "amplitude" else 0.1)
    title, parts, row = control_lines({"Flat": result})
    assert parts.split() == ["ampl.", "phase"] * 2
    assert [row.index(cell) for cell in ("0.900", "0.100")] == [
        parts.index(name) for name in ("ampl.", "phase")
    ]
    assert title.split() == ["controls", "MS-SSIM", "MAE"]
