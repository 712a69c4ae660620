"""A true object and noisy ones, in the files of several programs."""

import numpy as np
import pytest

from tasks.core.files.object_file import ObjectWindow, write_object
from tests.unit.compare.placement.planting import planted, sample, with_noise

SIDE_PX = 224


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Return a folder: truth.h5, a.h5 and b.h5 (more noise) in place, c.npy planted elsewhere."""
    folder = tmp_path_factory.mktemp("score")
    truth = sample(SIDE_PX)
    write_object(folder / "truth.h5", ObjectWindow(truth, (30, 40)))
    for name, noise, seed in (("a", 0.05, 2), ("b", 0.1, 3)):
        write_object(folder / f"{name}.h5", ObjectWindow(with_noise(truth, noise, seed), (30, 40)))
    np.save(folder / "c.npy", planted(with_noise(truth, 0.1, 3)))
    np.save(folder / "d.npy", sample(SIDE_PX, seed=9))
    return folder
