"""The documentation: its links lead somewhere, its lists are whole, and the site builds."""

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from flows.cli.command_line import study_app
from flows.cli.studies import CONDITION
from flows.params.run import PhaseGParams
from flows.params.sweep import AxesParams
from tasks.ingest.params import IngestOptions
from tasks.report.records.delta_files import DeltaSummary

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md"])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")
# Messages of Python, of the command line's library and of SQLite.
FOREIGN_MESSAGES = {"No module named 'flows'", "Unknown option: ...", "database is locked"}
# Stages whose parameters have tables elsewhere (with pictures, or as options), or none at all.
TABLES_ELSEWHERE = {"SimulationParams", "ViewParams", "IngestParams", "HalvesParams"}


def heading_names(page: Path) -> set[str]:
    """Return the names that links to the headings of a page have."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


def modules() -> Iterator[ast.Module]:
    """Yield the syntax of every module of the project."""
    for folder in ("flows", "tasks", "deployments"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def texts_of(tree: ast.Module) -> Iterator[str]:
    """Yield every text of a module; what is filled in is a gap."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (getattr(part, "value", None) for part in node.values)
            yield "".join(part if isinstance(part, str) else "\0" for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


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


def test_every_parameter_is_on_the_page_of_parameters(tables):
    assert "{parameters} flows.params.run:PhaseGParams" in (DOCS / "parameters.md").read_text()
    text = "\n".join(tables.tables_of(PhaseGParams))
    listed = set(re.findall(r"<br>`(--[\w.-]+)`", text))
    own = {"--parameters", "--collect-only", "--report-only", "--post-verify-only"}
    arguments = [
        set(argument.names)
        for argument in study_app(CONDITION).assemble_argument_collection()
        if argument.parse and not argument.children
    ]
    asked_for = [names for names in arguments if not names & own and "sha256" not in str(names)]
    assert [names for names in asked_for if not names & listed] == []
    assert listed <= set().union(*asked_for)


def test_the_parameters_of_every_stage_have_a_table():
    page = (DOCS / "stage_parameters.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\{parameters\} [\w.]+:(\w+)", page))
    needed = {
        ast.unparse(node.args.args[0].annotation)
        for tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and [one.arg for one in node.args.args] == ["params", "files", "progress"]
    }
    assert len(needed) > 10
    assert shown | TABLES_ELSEWHERE == needed


def test_every_page_is_in_one_list_of_the_index():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^(\w+)$", "".join(re.findall(r":hidden:\n(.*?)```", index, re.DOTALL)), re.M
    )
    assert sorted(listed) == sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")


def test_every_message_of_the_troubleshooting_is_one_of_the_program():
    said = [text for tree in modules() for text in texts_of(tree)]
    said.append((ROOT / "Makefile").read_text(encoding="utf-8"))
    corpus = [" ".join(text.split()) for text in said]
    rows = [
        row.split("|")[1]
        for name in ("troubleshooting.md", "operations.md")
        for row in re.findall(r"^\|.*$", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    messages = {message for row in rows for message in QUOTED.findall(row)} - FOREIGN_MESSAGES
    assert len(messages) > 30
    unknown = []
    for message in messages:
        # Names of variables are filled in, like all that "..." stands for.
        parts = re.split(r"\.\.\.|PHASE_G_\w+", message)
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in parts if part.strip()))
        if not any(pattern.search(text) for text in corpus):
            unknown.append(message)
    assert unknown == []


@pytest.mark.slow
def test_the_site_builds_without_warnings_and_needs_no_network(tmp_path, tables):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    site = tmp_path / "html"
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in site.glob("*.html")}
    for page in site.glob("*.html"):
        assets = re.findall(r"<(?:script|link|img|source)\b[^>]*>", page.read_text())
        loaded = re.findall(r'(?:src|href)="([^"]+)"', " ".join(assets))
        assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)], (
            page.name
        )
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text()), style

    linked = re.findall(r'href="(schemas/[^"]+)"', (site / "schemas.html").read_text())
    assert len(linked) == len(list((site / "schemas").iterdir())) >= 10
    assert all(json.loads((site / path).read_text())["properties"] for path in linked)

    # In the order of the form: a table that stands below the groups is not found.
    shown = re.findall(r">(--[\w.-]+)<", unescape((site / "parameters.html").read_text()))
    for model in (PhaseGParams, AxesParams, IngestOptions):
        listed = re.findall(r"<br>`(--[\w.-]+)`", "\n".join(tables.tables_of(model)))
        start = next(
            place
            for place, option in enumerate(shown)
            if option == listed[0] and shown[place : place + len(listed)] == listed
        )
        shown = shown[start + len(listed) :]


def test_the_examples_of_extending_are_files_that_tests_run_and_imports_that_work():
    page = (DOCS / "extending.md").read_text(encoding="utf-8")
    shown = re.findall(r"```{literalinclude} (\S+)", page)
    assert [Path(name).name for name in shown] == ["blurred_truth.py", "complex_correlation.py"]
    assert all((DOCS / name).is_file() for name in shown)
    imports = re.findall(r"^    from (tasks\.\S+) import (.+)$", page, re.MULTILINE)
    rows = re.findall(
        r"^\| (`.+`) \| `(tasks/catalogue|tasks/core)/(\S+)\.py` \|$", page, re.MULTILINE
    )
    named = [(module, names.split(", ")) for module, names in imports]
    named += [(f"{a}.{b}".replace("/", "."), re.findall(r"`(\w+)`", names)) for names, a, b in rows]
    assert len(named) == 11
    for module, names in named:
        assert [n for n in names if not hasattr(importlib.import_module(module), n)] == []


def test_the_delta_file_is_described_key_by_key():
    page = (DOCS / "TESTING_GUIDE.md").read_text(encoding="utf-8")
    missing = [key for key in DeltaSummary.model_fields if f"| `{key}" not in page]
    assert missing == []
