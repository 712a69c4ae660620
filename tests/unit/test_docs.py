"""The documentation: its links lead somewhere, its commands exist, and the site builds."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.command_line import phase_g_app
from flows.params import PhaseGParams

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md"])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"python -m ([\w.]+)")
OPTION = re.compile(r"(?<=\s)(--[a-z][\w.-]*)")
CODE_LINE = re.compile(r"^ {4}\S.*python -m flows\.phase_g\b.*(?:\\\n.*)*", re.MULTILINE)


def heading_names(page: Path) -> set[str]:
    """Return the names that links to the headings of a page have."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    yield importlib.import_module("parameter_tables")
    sys.modules.pop("parameter_tables", None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {link}"
        if heading:
            assert heading in heading_names(target), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_names_a_module(page):
    for module in COMMAND.findall(page.read_text(encoding="utf-8")):
        assert importlib.util.find_spec(module) is not None, f"{page.name}: python -m {module}"


def test_every_option_of_a_shown_run_exists():
    known = {
        name for argument in phase_g_app().assemble_argument_collection() for name in argument.names
    }
    shown = [
        (page.name, option)
        for page in PAGES
        for line in CODE_LINE.findall(page.read_text(encoding="utf-8"))
        for option in OPTION.findall(line)
    ]
    assert len(shown) > 10
    for page, option in shown:
        assert option in known | {"--help"}, f"{page} shows {option}"


def test_every_parameter_is_on_the_page_of_parameters(tables):
    assert "{parameters} flows.params:PhaseGParams" in (DOCS / "parameters.md").read_text()
    text = "\n".join(tables.tables_of(PhaseGParams))
    listed = set(re.findall(r"^\| `(--[\w.-]+)`", text, re.MULTILINE))
    own = {"--parameters", "--collect-only", "--report-only", "--post-verify-only"}
    arguments = [
        set(argument.names)
        for argument in phase_g_app().assemble_argument_collection()
        if argument.parse and not argument.children
    ]
    asked_for = [names for names in arguments if not names & own and "sha256" not in str(names)]
    assert [names for names in asked_for if not names & listed] == []
    assert listed <= set().union(*asked_for)


@pytest.mark.slow
def test_the_site_builds_without_warnings_and_needs_no_network(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = {page.stem for page in (tmp_path / "html").glob("*.html")}
    assert {page.stem for page in DOCS.glob("*.md")} <= built
    for page in (tmp_path / "html").glob("*.html"):
        assets = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page.read_text())
        assert not [asset for asset in assets if "://" in asset], page.name
