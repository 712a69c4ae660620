"""Our CXI in another program: cdtools finds the same patterns at the same positions.

cdtools imports torch and warns on import, so it is no test dependency: pip puts its wheel into a
temporary folder, and a child process reads the scan with it.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import read_scan
from tasks.core.geometry.patches import extract_patches, shifted_probes
from tasks.core.physics.forward import diffraction_intensity, diffraction_intensity_of_modes
from tasks.core.study.stage_record import StageFiles, silent
from tasks.simulate.params import InstrumentParams, SimulationParams
from tasks.simulate.stage import simulate

INSTRUMENTS = {
    "one mode and no mask": InstrumentParams(),
    "three modes and a mask": InstrumentParams(
        n_modes=3,
        mode_decay=0.5,
        hot_pixel_fraction=0.01,
        dead_pixel_fraction=0.02,
        beam_stop_radius_px=4.0,
    ),
}
READER = "cdtools-py==0.3.2"
FILES = ("test.cxi", "truth.h5", "read.npz")
CHILD = Path(__file__).with_name("cdtools_child.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader(installed):
    """Install the reader alone, beside the packages that are here."""
    return installed(READER)


@pytest.fixture(scope="module", params=INSTRUMENTS, ids=str)
def both(reader, request, tmp_path_factory):
    """A scan as we read it, and as cdtools does."""
    folder = tmp_path_factory.mktemp("interop")
    outputs = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    files = StageFiles({}, {name: folder / file for name, file in outputs.items()})
    params = SimulationParams(
        photons_per_pattern=1e5,
        train_positions=(4, 4),
        test_positions=(5, 7),
        min_test_span_px=0,
        instrument=INSTRUMENTS[request.param],
    )
    simulate(params, files, silent)
    subprocess.run(
        [sys.executable, str(CHILD), *(str(folder / name) for name in FILES)],
        env=os.environ | {"PYTHONPATH": str(reader)},
        capture_output=True,
        text=True,
        check=True,
    )
    with np.load(folder / "read.npz", allow_pickle=False) as file:
        theirs = dict(file)
    return read_scan(folder / "test.cxi"), theirs | {
        "true_object": read_object(folder / "truth.h5").object_
    }


def test_cdtools_reads_the_same_patterns(both):
    ours, theirs = both
    np.testing.assert_array_equal(theirs["patterns"], ours.diffraction_counts)
    assert theirs["patterns"].dtype == ours.diffraction_counts.dtype


def test_cdtools_reads_the_same_mask(both):
    ours, theirs = both
    np.testing.assert_array_equal(theirs["mask"].astype(bool), ours.good_pixels)
    assert ours.good_pixels.all() == (ours.pixel_mask is None)


def test_cdtools_reads_the_same_positions(both):
    ours, theirs = both
    # cdtools keeps translations of the optics in metres: those of the sample, negated.
    pixel = ours.geometry.object_pixel_m(ours.n_px)
    np.testing.assert_allclose(
        theirs["translations_m"][:, 1::-1] / pixel, ours.positions_px, rtol=0, atol=1e-4
    )
    assert not theirs["translations_m"][:, 2].any()


def test_cdtools_finds_the_same_pixels_of_the_object(both):
    """The sign too: from positions with another sign than the patterns' a twin would follow."""
    ours, theirs = both
    found = theirs["positions_px"] - theirs["positions_px"].mean(axis=0)
    expected = ours.positions_px - ours.positions_px.mean(axis=0)
    # 32-bit translations of some 200 px, and 32-bit constants of the geometry.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_cdtools_finds_the_same_geometry(both):
    ours, theirs = both
    assert theirs["wavelength_m"] == pytest.approx(ours.geometry.wavelength_m, rel=1e-6)
    assert theirs["distance_m"] == pytest.approx(ours.geometry.distance_m)


def test_the_forward_model_of_cdtools_predicts_our_counts(both):
    """From our truth, at the positions that cdtools reads, as well as our own model does."""
    ours, theirs = both
    good = ours.good_pixels
    patches = extract_patches(theirs["true_object"], ours.positions_px, ours.n_px)
    moved = np.stack([shifted_probes(mode, ours.positions_px) for mode in ours.probe_modes])

    def misfit(intensity):
        squares = (intensity - ours.diffraction_counts) ** 2 / (intensity + 1)
        return np.mean(squares[:, good])

    own = misfit(diffraction_intensity_of_modes(patches, moved))
    # cdtools rounds positions down, and shifts the probe by the rest a little further than we do.
    assert misfit(theirs["intensity"]) == pytest.approx(own, rel=0.05)
    turned = diffraction_intensity_of_modes(patches.conj(), moved)
    assert misfit(turned) > 3 * own, "the twin would be seen"
    if len(moved) > 1:
        strongest = diffraction_intensity(patches, shifted_probes(ours.probe, ours.positions_px))
        assert misfit(strongest) > 3 * own, "one mode for all would be seen"
