"""RAAR against an implementation of its own, in reflections and double precision."""

import numpy as np
import pytest

from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import read_scan
from tasks.reconstruct.params import ClassicParams
from tasks.reconstruct.scan_checks import given_object

N_EPOCHS = 4

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory, scan_to_solve, run_ptychi):
    """Simulate a small scan and reconstruct it by RAAR."""
    where = tmp_path_factory.mktemp("raar")
    # From a flat object nothing reaches the outer detector, whose phases would be rounding alone.
    scan_to_solve(where, 4, 1e5)
    raar = ClassicParams(algorithm="raar", n_epochs=N_EPOCHS, check_orientation=False, device="cpu")
    run_ptychi(where, f"classic-raar@noisy.h5={raar.model_dump_json()}")
    return where


class Reference:
    """RAAR as Luke, Inverse Problems 21, 37 (2005), has it: relaxed reflections."""

    def __init__(self, scan, initial):
        self.amplitudes = np.sqrt(scan.diffraction_counts.astype(float))
        nearest = np.round(scan.positions_px).astype(int)
        rest = scan.positions_px - nearest
        frequencies = np.fft.fftfreq(scan.n_px)
        ramps = np.exp(
            -2j
            * np.pi
            * (rest[:, :1, None] * frequencies[:, None] + rest[:, 1:, None] * frequencies)
        )
        self.probes = np.fft.ifft2(np.fft.fft2(scan.probe) * ramps)
        corners = nearest - scan.n_px // 2 - np.asarray(initial.origin_px)
        self.places = [
            (slice(row, row + scan.n_px), slice(column, column + scan.n_px))
            for row, column in corners
        ]
        self.initial = initial.object_.astype(complex)

    def object_of(self, waves):
        numerator, weight = np.zeros_like(self.initial), np.zeros(self.initial.shape)
        for wave, probe, place in zip(waves, self.probes, self.places, strict=True):
            numerator[place] += probe.conj() * wave
            weight[place] += np.abs(probe) ** 2
        return np.where(weight > 0, numerator / np.maximum(weight, 1e-30), self.initial)

    def waves_of(self, object_):
        return np.stack(
            [probe * object_[place] for probe, place in zip(self.probes, self.places, strict=True)]
        )

    def onto_object(self, waves):
        return self.waves_of(self.object_of(waves))

    def onto_counts(self, waves):
        far = np.fft.fftshift(np.fft.fft2(waves, norm="ortho"), axes=(-2, -1))
        far = self.amplitudes * np.exp(1j * np.angle(far))
        return np.fft.ifft2(np.fft.ifftshift(far, axes=(-2, -1)), norm="ortho")

    def run(self, n_epochs, beta):
        waves = self.waves_of(self.initial)
        for _ in range(n_epochs):
            of_counts = self.onto_counts(waves)
            reflected = 2 * of_counts - waves
            twice = 2 * self.onto_object(reflected) - reflected
            waves = beta / 2 * (twice + waves) + (1 - beta) * of_counts
        return self.object_of(waves)


def test_raar_is_the_published_one(folder):
    scan = read_scan(folder / "test.cxi")
    found = read_object(folder / "classic-raar.h5")
    settings = found.facts["settings"]
    initial = given_object(scan, folder / "noisy.h5")
    expected = Reference(scan, initial).run(N_EPOCHS, settings["step"])
    light = sum_of_light(scan, found)
    bright = light > 0.05 * light.max()
    np.testing.assert_allclose(found.object_[bright], expected[bright], atol=5e-3)


def sum_of_light(scan, window):
    """Return the summed intensity of the probes over the box of the object (H, W)."""
    reference = Reference(scan, window)
    light = np.zeros(window.object_.shape)
    for probe, place in zip(reference.probes, reference.places, strict=True):
        light[place] += np.abs(probe) ** 2
    return light
