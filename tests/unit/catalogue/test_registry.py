"""What a catalogue refuses, and that everything registered is there once."""

import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from tasks.catalogue.headline import HEADLINE_ARMS, OTHERS, SUBJECT, further_arms
from tasks.catalogue.metric import PARTS, SECONDARY, Metric, check_metric
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstruction import Reconstruction, Role, check_reconstruction
from tasks.catalogue.reconstructions import OTHER_COLOUR, RECONSTRUCTIONS
from tasks.catalogue.registry import Catalogue, CatalogueError

COLOURS = {"colour": "#112233", "dark_colour": "#AABBCC"}


def arm(name, **fields):
    return Reconstruction(name=name, role=Role.ARM, description="a toy", **COLOURS | fields)


def metric(name, **fields):
    known = {"label": "Toy", "family": SECONDARY, "higher_is_better": True}
    return Metric(name=name, **known | fields)


@pytest.fixture
def catalogue():
    found = Catalogue("reconstruction", Reconstruction, check_reconstruction, str.lower)
    found.add(arm("Toy"), "toy")
    return found


def test_the_headline_is_the_first_of_the_arms_and_nobody_else_is_in_it():
    assert (SUBJECT.name, *(other.name for other in OTHERS)) == ("PtychoPINN", "Baseline", "PtyChi")
    assert RECONSTRUCTIONS.arms == (*HEADLINE_ARMS, *further_arms())


def test_every_reconstruction_has_stages_or_an_image_and_colours_of_its_own_where_it_is_drawn():
    drawn = [entry.colour for entry in RECONSTRUCTIONS.with_stages]
    assert len({*drawn, OTHER_COLOUR}) == len(drawn) + 1
    for entry in RECONSTRUCTIONS.with_stages:
        assert type(entry).stages is not Reconstruction.stages
    for entry in RECONSTRUCTIONS.images:
        assert entry.role is Role.CONTROL


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (arm("Toy"), "registered already, as 'Toy'. Give it another name"),
        (arm("TOY"), "registered already"),
        (arm("../up"), "must match"),
        (arm("<b>bold</b>"), "must match"),
        (arm("a b"), "must match"),
        (arm("a.b"), "must match"),
        (arm(""), "must match"),
        (arm("x" * 41), "at most 40 characters"),
        (arm("Truth"), "means something else"),
        (arm("Other", colour="red"), "must be #RRGGBB, got 'red'"),
    ],
)
def test_an_entry_that_will_not_do_is_refused(catalogue, entry, message):
    with pytest.raises(CatalogueError, match=message):
        catalogue.add(entry, "somewhere")
    assert list(catalogue.entries) == ["Toy"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (metric("ms_ssim"), "registered already"),
        (metric("raw_thing"), "values before alignment"),
        (metric("Thing"), "must match"),
        (metric("amplitude"), "means something else"),
        (metric("thing", label="<i>thing</i>"), "without markup"),
        (metric("thing", label=""), "plain text"),
        (metric("thing", parts=("phase",)), "parts are"),
        (metric("thing", higher_is_better=None), "set higher_is_better, got None"),
    ],
)
def test_a_metric_that_will_not_do_is_refused(entry, message):
    catalogue = Catalogue("metric", Metric, check_metric, entries=dict(METRICS.entries))
    with pytest.raises(CatalogueError, match=message):
        catalogue.add(entry, "somewhere")


def test_titles_have_part_and_unit():
    titles = [METRICS.entries["mae"].title(part) for part in PARTS]
    assert titles == ["MAE amplitude", "MAE phase [rad]"]
    assert METRICS.entries["psnr"].title() == "PSNR [dB]"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that makes a package of modules, given their sources."""

    def make(**modules):
        folder = tmp_path / "toy_package"
        folder.mkdir()
        for name, source in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        for name in [name for name in sys.modules if name.startswith("toy_package")]:
            monkeypatch.delitem(sys.modules, name)
        return "toy_package"

    return make


def test_a_file_that_registers_nothing_is_named(catalogue, package):
    name = package(one="ENTRY = ()", stray="x = 1")
    with pytest.raises(CatalogueError, match=r"toy_package.stray registers nothing. Add its name"):
        catalogue.add_modules(name, ("one",), "ENTRY")
    with pytest.raises(CatalogueError, match=r"toy_package.stray registers nothing: it must"):
        catalogue.add_modules(name, ("one", "stray"), "ENTRY")


def test_an_entry_point_that_does_not_import_is_refused_only_where_it_is_asked_for(catalogue):
    catalogue.add_entry_points("g", [EntryPoint("Gone", "no_such_module:X", "g")])
    assert catalogue.get("Toy").name == "Toy"
    with pytest.raises(CatalogueError, match=r"Gone was asked for.*no_such_module.*Mend or remove"):
        catalogue.get("Gone")
    with pytest.raises(CatalogueError, match=r"no reconstruction 'Other'. Known are Toy"):
        catalogue.get("Other")


def test_an_entry_point_that_names_something_else_is_refused(catalogue):
    with pytest.raises(CatalogueError, match=r"must name a Reconstruction, got type"):
        catalogue.add_entry_points("g", [EntryPoint("X", "pathlib:Path", "g")])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "one.py is not there, and toy_package lists 'one'"),
        ("import no_such_package", "one.py needs the module no_such_package"),
        ("from toy_package import two", "one.py does not import"),
        ("def f(a): ...\nENTRY = f()", "one.py does not import (TypeError"),
        ("ENTRY = 'no entry'", "ENTRY of toy_package.one must name a Reconstruction, got str"),
        ("ENTRY = ('no entry',)", "must name a Reconstruction, got str"),
    ],
)
def test_a_file_that_brings_no_entry_is_named(catalogue, package, source, words):
    name = package(**({} if source is None else {"one": source}))
    with pytest.raises(CatalogueError, match=re.escape(words)):
        catalogue.add_modules(name, ("one",), "ENTRY")


@pytest.mark.parametrize(
    "start",
    [
        "import sys; sys.argv = ['x', '--collect-only']\n"
        "from flows.cli.local_server import launch_flow\n"
        "launch_flow('flows.cli.command_line', 'main')",
        *(
            f"import runpy, sys; sys.argv = ['x', {word!r}]; "
            f"runpy.run_module({module!r}, run_name='__main__')"
            for module, word in (
                ("tasks.report", "history"),
                ("deployments.run", "phase-g/local"),
                ("deployments.deploy", "--help"),
                ("deployments.serve", "--help"),
            )
        ),
    ],
)
def test_a_command_line_refuses_a_catalogue_that_is_not_in_order(tmp_path, start):
    folder = tmp_path / "twice-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: twice\nVersion: 1.0\n")
    point = "tasks.catalogue.reconstructions.ptychi:RECONSTRUCTION"
    (folder / "entry_points.txt").write_text(f"[phase_g.reconstructions]\nPtyChi = {point}\n")
    script = f"import sys; sys.path.append({str(tmp_path)!r})\n{start}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "'PtyChi' of the entry point PtyChi" in said
    assert "registered already" in said
    assert "Traceback" not in said
