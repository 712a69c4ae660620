"""The documentation of the simulation is what the code is."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from PIL import Image
from pydantic import BaseModel, Field

from tasks.core.files.atomic_files import sha256_of
from tasks.simulate.params import SimulationParams
from tasks.views.params import ViewParams

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
        gallery.PICTURES["groups"].draw(tmp_path / name)
    assert sha256_of(tmp_path / "first.png") == sha256_of(tmp_path / "second.png")
    with Image.open(tmp_path / "first.png") as image:
        assert image.width > 400


@pytest.mark.slow
def test_every_picture_can_be_made(gallery, tmp_path):
    for name, picture in gallery.PICTURES.items():
        picture.draw(tmp_path / f"{name}.png")
        assert 0 < (tmp_path / f"{name}.png").stat().st_size < LARGEST_BYTES


def test_the_page_shows_every_picture_and_each_is_small(gallery):
    page = (DOCS / "simulation.md").read_text(encoding="utf-8")
    shown = {Path(path).stem for path in re.findall(r"!\[[^]]+\]\((images/simulation/\S+)\)", page)}
    assert shown == set(gallery.PICTURES)
    for name in shown:
        assert (gallery.FOLDER / f"{name}.png").stat().st_size < LARGEST_BYTES


def test_the_tables_of_the_page_are_those_of_the_code(gallery):
    page = (DOCS / "simulation.md").read_text(encoding="utf-8")
    assert gallery.with_tables(page, gallery.TABLES, gallery.shown_in()) == page, (
        "run docs/gallery/make_gallery.py again"
    )


@pytest.mark.parametrize("model", [SimulationParams, ViewParams])
def test_every_knob_is_in_a_table_with_its_meaning(model, gallery):
    tables = importlib.import_module("knob_tables")
    table = tables.knob_table(model, gallery.shown_in())
    for name, field in tables.knobs(model):
        assert f"| `{name}` |" in table
        assert field.description, name


def test_pictures_name_knobs_that_there_are(gallery):
    tables = importlib.import_module("knob_tables")
    there = {name for model in gallery.TABLES.values() for name, _ in tables.knobs(model)}
    assert set(gallery.shown_in()) <= there


def test_a_knob_may_go_without_a_picture(gallery):
    table = importlib.import_module("knob_tables").knob_table(ViewParams, {})
    assert table.splitlines()[2].startswith("| `view` |")
    assert table.splitlines()[2].endswith("|  |")


def test_a_table_shows_bounds_and_nested_knobs(gallery):
    class Inner(BaseModel):
        size_px: int = Field(4, gt=1, le=9, description="A size [px]")

    class Outer(BaseModel):
        inner: Inner = Inner()
        name: str | None = Field(None, description="A name")

    table = importlib.import_module("knob_tables").knob_table(
        Outer, {"inner.size_px": "a", "name": "b"}
    )
    assert (
        "| `inner.size_px` | 4 | > 1, ≤ 9 | A size [px] | [a](images/simulation/a.png) |" in table
    )
    assert "| `name` | none |  | A name | [b](images/simulation/b.png) |" in table


def test_a_page_without_a_place_for_a_table_is_refused(gallery):
    with pytest.raises(ValueError, match="Write '<!-- knobs: views -->'"):
        gallery.with_tables("nothing here", {"views": ViewParams}, gallery.shown_in())
