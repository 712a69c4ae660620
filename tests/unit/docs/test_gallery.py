"""The documentation of the simulation is what the code is."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from tasks.core.files.atomic_files import sha256_of

DOCS = Path(__file__).resolve().parents[3] / "docs"
LARGEST_BYTES = 150_000


@pytest.fixture
def gallery(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "gallery"))
    yield importlib.import_module("make_gallery")
    for path in (DOCS / "gallery").glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_a_picture_is_made_the_same_every_time(gallery, tmp_path):
    for name in ("first.png", "second.png"):
        gallery.PICTURES["groups"](tmp_path / name)
    assert sha256_of(tmp_path / "first.png") == sha256_of(tmp_path / "second.png")
    with Image.open(tmp_path / "first.png") as image:
        assert image.width > 400


@pytest.mark.slow
def test_every_picture_can_be_made(gallery, tmp_path):
    for name, draw in gallery.PICTURES.items():
        draw(tmp_path / f"{name}.png")
        assert 0 < (tmp_path / f"{name}.png").stat().st_size < LARGEST_BYTES


def test_the_page_shows_every_picture_and_each_is_small(gallery):
    page = (DOCS / "simulation.md").read_text(encoding="utf-8")
    shown = {Path(path).stem for path in re.findall(r"!\[[^]]+\]\((images/simulation/\S+)\)", page)}
    assert shown == set(gallery.PICTURES)
    for name in shown:
        assert (gallery.FOLDER / f"{name}.png").stat().st_size < LARGEST_BYTES
