from dataclasses import replace

import numpy as np
import pytest
from pydantic import BaseModel, Field, ValidationError

from tasks.core.files.scan_record import PixelFault, good_pixels
from tasks.core.study.seeds import Split
from tasks.simulate.exposure import DoseMeter
from tasks.simulate.faults import FAULTS, Detector, InstrumentParams, check_faults, pixel_mask
from tasks.simulate.faults.fault import Fault, Reading
from tasks.simulate.faults.point_spread import spread_photons

N_PX = 32


def read(arrived, **faults):
    params = InstrumentParams(**faults)
    mask = pixel_mask(params, N_PX, 1)
    return Detector(params, mask, 1, Split.TRAIN).read(arrived), mask


@pytest.fixture
def arrived(rng):
    return rng.poisson(20.0, (40, N_PX, N_PX)).astype(np.uint32)


def test_a_detector_without_faults_reads_what_arrives(arrived):
    reading, mask = read(arrived)
    assert reading.counts is arrived
    assert reading.saturated is None
    assert good_pixels(mask).all()


def test_the_background_adds_its_mean_and_its_variance(arrived):
    reading, _ = read(arrived, background_photons_per_px=3.0)
    stray = reading.counts.astype(int) - arrived
    assert stray.min() >= 0
    assert stray.mean() == pytest.approx(3, rel=0.02)
    assert stray.var() == pytest.approx(3, rel=0.03)


def test_the_beam_stop_shades_a_disc_about_the_zero_frequency(arrived):
    reading, mask = read(arrived, beam_stop_radius_px=5.0, background_photons_per_px=9.0)
    shaded = mask == PixelFault.SHADOWED
    assert shaded[N_PX // 2, N_PX // 2 - 5 : N_PX // 2 + 6].all()
    assert shaded.sum() == pytest.approx(np.pi * 25, rel=0.05)
    assert not reading.counts[:, shaded].any()
    assert reading.counts[:, ~shaded].min(axis=0).all()


def test_a_spread_photon_moves_by_a_gaussian_step_and_none_is_lost(rng):
    photons = np.zeros((1, 41, 41), np.uint32)
    photons[0, 20, 20] = 400_000
    spread = spread_photons(photons, 1.5, rng.spawn(2))[0].astype(float)
    assert spread.sum() == 400_000
    rows, columns = np.indices(spread.shape) - 20
    for axis in (rows, columns):
        assert (axis * spread).sum() / spread.sum() == pytest.approx(0, abs=0.02)
        # A pixel's own width adds a twelfth.
        variance = (axis**2 * spread).sum() / spread.sum()
        assert variance == pytest.approx(1.5**2 + 1 / 12, rel=0.01)
    assert (rows * columns * spread).sum() / spread.sum() == pytest.approx(0, abs=0.03)


def test_spread_shot_noise_is_shot_noise(rng):
    blurred = spread_photons(rng.poisson(4.0, (300, 24, 24)).astype(np.uint32), 1.0, rng.spawn(2))
    inner = blurred[:, 5:-5, 5:-5].astype(float)
    assert inner.mean() == pytest.approx(4, rel=0.02)
    assert inner.var() == pytest.approx(4, rel=0.03)
    assert np.mean((inner[:, 1:] - 4) * (inner[:, :-1] - 4)) == pytest.approx(0, abs=0.06)


def test_hot_and_dead_pixels_are_the_share_asked_for_and_stand_in_the_mask(arrived):
    reading, mask = read(
        arrived, hot_pixel_fraction=0.02, hot_pixel_photons=500.0, dead_pixel_fraction=0.03
    )
    hot, dead = ((mask & bit) != 0 for bit in (PixelFault.HOT, PixelFault.DEAD))
    assert (hot.sum(), dead.sum()) == (round(0.02 * N_PX**2), round(0.03 * N_PX**2))
    assert not reading.counts[:, dead].any()
    assert reading.counts[:, hot & ~dead].mean() == pytest.approx(520, rel=0.02)
    np.testing.assert_array_equal(reading.counts[:, mask == 0], arrived[:, mask == 0])


def test_more_dead_pixels_keep_those_that_were_dead():
    few, many = (
        pixel_mask(InstrumentParams(dead_pixel_fraction=share), N_PX, 1) for share in (0.01, 0.05)
    )
    assert np.all(many[few != 0])


def test_a_full_well_clips_and_says_so(arrived):
    reading, _ = read(arrived, saturation_photons=22)
    np.testing.assert_array_equal(reading.counts, np.minimum(arrived, 22))
    np.testing.assert_array_equal(reading.saturated, arrived >= 22)


def test_readout_noise_is_gaussian_rounded_and_never_negative(arrived):
    reading, _ = read(arrived + 100, readout_noise_photons=4.0)
    noise = reading.counts.astype(int) - (arrived + 100)
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert noise.var() == pytest.approx(16 + 1 / 12, rel=0.03)
    dark, _ = read(np.zeros_like(arrived), readout_noise_photons=4.0, saturation_photons=6)
    assert dark.counts.dtype == np.uint32
    assert (dark.counts.min(), dark.counts.max()) == (0, 6)


def test_every_fault_has_a_stream_of_its_own(arrived):
    """What one fault adds does not depend on which others are on."""
    alone, _ = read(arrived, background_photons_per_px=2.0)
    with_hot, mask = read(arrived, background_photons_per_px=2.0, hot_pixel_fraction=0.1)
    np.testing.assert_array_equal(alone.counts[:, mask == 0], with_hot.counts[:, mask == 0])
    stopped, mask = read(arrived, background_photons_per_px=2.0, beam_stop_radius_px=4.0)
    np.testing.assert_array_equal(alone.counts[:, mask == 0], stopped.counts[:, mask == 0])
    noisy, _ = read(arrived + 50, readout_noise_photons=2.0)
    both, mask = read(arrived + 50, readout_noise_photons=2.0, dead_pixel_fraction=0.1)
    np.testing.assert_array_equal(noisy.counts[:, mask == 0], both.counts[:, mask == 0])


def test_readings_do_not_depend_on_how_many_patterns_are_read_at_once(arrived):
    params = InstrumentParams(
        background_photons_per_px=1.0,
        point_spread_px=0.7,
        hot_pixel_fraction=0.1,
        readout_noise_photons=1.5,
    )
    mask = pixel_mask(params, N_PX, 1)
    whole = Detector(params, mask, 1, Split.TRAIN).read(arrived).counts
    detector = Detector(params, mask, 1, Split.TRAIN)
    parts = [detector.read(part).counts for part in np.split(arrived, [7, 20])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_detector_with_too_few_good_pixels_is_refused():
    with pytest.raises(ValueError, match=r"at least half are needed. Lower beam_stop_radius_px"):
        pixel_mask(InstrumentParams(beam_stop_radius_px=30.0), N_PX, 1)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize(
    "name", [n for n, f in InstrumentParams.model_fields.items() if f.annotation is float]
)
def test_an_impossible_fault_is_refused(name, value):
    with pytest.raises(ValidationError):
        InstrumentParams(**{name: value})


def test_a_signal_bit_is_no_fault():
    mask = np.array([0, PixelFault.HAS_SIGNAL, PixelFault.HAS_SIGNAL | PixelFault.DEAD], np.uint32)
    assert good_pixels(mask).tolist() == [True, True, False]


def test_the_dose_is_that_of_the_beam_whatever_the_detector_makes_of_it():
    arrived = np.full((4, 8, 8), 10, np.uint32)
    good = np.ones((8, 8), bool)
    good[0] = False
    meter = DoseMeter(640.0, good)
    meter.add(arrived, Reading(np.minimum(arrived, 5), np.ones_like(arrived, bool)))
    facts = meter.facts()
    assert facts["incident_photons_per_pattern"] == facts["nominal_photons_per_pattern"] == 640
    assert facts["measured_photons_per_pattern"] == 5 * 56
    assert (facts["counts_per_px"], facts["brightest_pixel_counts"]) == (5, 5)
    assert (facts["saturated_fraction"], facts["good_pixel_fraction"]) == (1, 56 / 64)


class FlickerParams(BaseModel):
    flicker: float = Field(0.0, ge=0)


def flicker(params, streams):
    rng = streams(99)
    return (lambda intensity: intensity * rng.uniform(0, 2)) if params.flicker else None


def test_a_new_fault_changes_the_photons_to_expect_and_nothing_when_off(monkeypatch, arrived):
    fault = Fault(FlickerParams, streams=(99,), intensity=flicker)
    check_faults((*FAULTS, fault))
    monkeypatch.setattr("tasks.simulate.faults.FAULTS", (fault,))
    mask = np.zeros((N_PX, N_PX), np.uint32)
    off, on = (Detector(FlickerParams(flicker=f), mask, 1, Split.TRAIN) for f in (0.0, 1.0))
    assert off.expect(arrived) is arrived
    assert not np.allclose(on.expect(arrived), arrived)
    assert on.read(arrived).counts is arrived


def test_faults_do_not_share_parameters_or_streams():
    with pytest.raises(ValueError, match="two parameters called 'dead_pixel_fraction'"):
        check_faults((*FAULTS, replace(FAULTS[-1], streams=())))
    for taken in (0, FAULTS[-1].streams[0]):
        with pytest.raises(ValueError, match=f"two streams called '{taken}'"):
            check_faults((*FAULTS, Fault(FlickerParams, streams=(taken,))))


def test_parameters_keep_the_order_of_the_faults():
    names = [name for fault in FAULTS for name in fault.params.model_fields]
    assert list(InstrumentParams.model_fields) == names
