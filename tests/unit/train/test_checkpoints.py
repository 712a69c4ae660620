"""Checkpoints: whole or not at all, and never those of another training."""

import numpy as np
import pytest

from tasks.train.checkpoints import Checkpoints, read_checkpoint


@pytest.mark.parametrize("damage", ["cut short", "changed", "empty"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, damage, caplog):
    checkpoints = Checkpoints(tmp_path, "mine")
    for step in (1, 2, 3):
        checkpoints.save(step, {"values": np.full(500, step)})
    assert len(list(tmp_path.iterdir())) == 2
    newest = tmp_path / "step_00000003.npz"
    content = bytearray(newest.read_bytes())
    if damage == "changed":
        content[700] ^= 1
    newest.write_bytes({"cut short": content[:-90], "empty": b""}.get(damage, content))
    found = checkpoints.load()
    np.testing.assert_array_equal(found["values"], np.full(500, 2))
    assert checkpoints.damaged == [newest.name]
    assert f"{newest.name}" in caplog.text
    assert "the one before serves" in caplog.text
    (tmp_path / "step_00000002.npz").write_bytes(b"PK")
    assert checkpoints.load() is None


def test_a_checkpoint_whose_content_is_not_its_own_is_damaged(tmp_path):
    np.savez(tmp_path / "step_00000001.npz", values=np.ones(3), fingerprint="mine", sha256="0")
    with pytest.raises(ValueError, match="SHA-256 is not that of its content"):
        read_checkpoint(tmp_path / "step_00000001.npz")


def test_a_checkpoint_of_other_parameters_is_never_taken(tmp_path):
    Checkpoints(tmp_path, "theirs").save(9, {"values": np.ones(3)})
    mine = Checkpoints(tmp_path, "mine")
    assert mine.load() is None
    assert mine.damaged == []
    mine.save(1, {"values": np.zeros(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000001.npz"]
