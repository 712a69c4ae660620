"""The control without a network as a stage: its passes are the networks', and nothing more."""

import numpy as np
import pytest

from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import map_view
from tasks.core.study.stage_record import StageFiles, silent
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import initial_guess
from tasks.networks.projections import PhysicsPass
from tasks.reconstruct.no_network_stage import project
from tasks.reconstruct.params import ProjectionParams


@pytest.fixture
def files(small_scan, tmp_path):
    inputs = {"scan": small_scan / "train.cxi", "view": small_scan / "train.json"}
    return StageFiles(inputs, {name: tmp_path / f"{name}.h5" for name in ("same", "longer")})


def test_it_is_the_initial_guess_and_plain_projections(files):
    told = []
    facts = project(
        ProjectionParams(passes=2, longer_factor=3), files, lambda *event: told.append(event)
    )
    exposures = Exposures.of(map_view(files.inputs["scan"], files.inputs["view"]))
    canvas = canvas_of(exposures.positions_px, exposures.n_px)
    expected = initial_guess(exposures, canvas)
    physics = PhysicsPass.of(exposures, canvas, 256)
    for name, passes in (("same", 2), ("longer", 4)):
        for _ in range(passes):
            expected = expected + physics.step(expected)
        window = read_object(files.outputs[name])
        assert window.origin_px == canvas.corner_px
        np.testing.assert_array_equal(window.object_, expected)
    assert (facts["passes"], facts["longer_passes"]) == (2, 6)
    assert facts["longer_s"] >= facts["same_s"] > 0
    assert told[-1][:2] == (6, 6)


def test_the_size_of_a_chunk_does_not_matter(files, tmp_path):
    project(ProjectionParams(), files, silent)
    others = {name: tmp_path / f"chunked_{name}.h5" for name in files.outputs}
    project(ProjectionParams(chunk_size=5), StageFiles(files.inputs, others), silent)
    for name, path in files.outputs.items():
        whole, chunked = read_object(path).object_, read_object(others[name]).object_
        np.testing.assert_allclose(chunked, whole, atol=1e-4)
