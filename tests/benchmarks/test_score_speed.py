"""What it costs to score three objects of 512 x 512 px from their files, in place or looked for."""

import time

import numpy as np
import pytest

from tasks.compare.__main__ import main
from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.objects import ObjectParams, make_object
from tests.unit.compare.placement.planting import planted

SIDE_PX = 512
NAMES = ("A", "B", "C")
KINDS = {"in place": ".h5", "looked for": ".npy", "at other pixels": "-finer.npy"}
MAX_RATIO = {"in place": 350, "looked for": 500, "at other pixels": 600}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a truth, objects that say where they lie, and arrays that do not."""
    made = tmp_path_factory.mktemp("score-speed")
    rng = np.random.default_rng(0)
    truth = make_object(ObjectParams(), (SIDE_PX, SIDE_PX), rng).astype(np.complex128)
    write_object(made / "truth.h5", ObjectWindow(truth, (0, 0)))
    for name in NAMES:
        noise = rng.standard_normal(truth.shape) + 1j * rng.standard_normal(truth.shape)
        image = truth + 0.05 * noise
        write_object(made / f"{name}.h5", ObjectWindow(image, (0, 0)))
        np.save(made / f"{name}.npy", np.rot90(image[9:, 14:]).conj())
        np.save(made / f"{name}-finer.npy", planted(image))
    return made


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(("kind", "suffix"), KINDS.items())
def test_three_objects_from_their_files(kind, suffix, folder, cost_ratio):
    words = ["score", *(str(folder / f"{name}{suffix}") for name in NAMES)]
    words += ["--truth", str(folder / "truth.h5"), "--out", str(folder / "out")]

    def score():
        assert main(words) == 0

    ratio = cost_ratio(score, rounds=2)
    assert ratio < MAX_RATIO[kind]
