"""What the pages say to type exists: modules, subcommands, options, values, targets of make."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cyclopts import App

from deployments.deploy import deploy
from deployments.run import make_app
from deployments.serve import serve
from deployments.stop import stop
from flows.cli.command_line import study_app
from flows.cli.studies import CONDITION, SWEEP
from flows.params.measured import spelled_out
from tasks.commands import new_app
from tasks.compare.__main__ import compare_app
from tasks.export.__main__ import export_app
from tasks.ingest.__main__ import ingest_app
from tasks.reconstruct.command_line import reconstruct_app
from tasks.report import __main__ as report
from tasks.simulate.__main__ import main as simulate_main
from tasks.simulate.__main__ import simulate_app

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md"])
BLOCK_LINE = re.compile(r"^ {4}(\S(?:[^\n\\]|\\\n)*)", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
MODULE = re.compile(r"python -m ([\w.]+)(.*)", re.DOTALL)
COMMENT = re.compile(r"\s#\s.*")
# Words that stand for another one, such as HUB, FILE or dose_<d>.
PLACEHOLDER = re.compile(r"^[A-Z]{3,}|/[A-Z]{3,}|<\w+>|…|\.\.\.$")
TARGET = re.compile(r"\bmake ([a-z]+)")
FOREIGN_MODULES = {"pytest"}


@dataclass(frozen=True)
class Command:
    """A command as a page shows it.

    Attributes:
        page: Name of the page.
        module: Module that is run.
        words: What follows, without optional brackets.
    """

    page: str
    module: str
    words: tuple[str, ...]

    @property
    def options(self) -> list[str]:
        """The names of its options."""
        return [word.partition("=")[0] for word in self.words if word.startswith("--")]

    @property
    def is_complete(self) -> bool:
        """Whether it can be typed as it stands, on files that need not be there."""
        return not any(map(PLACEHOLDER.search, self.words)) and "--measured.file" not in self.words


def code_of(page: Path) -> Iterator[str]:
    """Yield every piece of code of a page, in lines and in blocks, without comments."""
    text = page.read_text(encoding="utf-8")
    for piece in [*BLOCK_LINE.findall(text), *INLINE.findall(text)]:
        yield COMMENT.sub("", piece.replace("\\\n", " ").replace("\n", " "))


def commands_of(page: Path) -> Iterator[Command]:
    """Yield every `python -m` command of a page."""
    for code in code_of(page):
        found = MODULE.search(code)
        if found:
            words = shlex.split(found[2].replace("[", " ").replace("]", " "))
            is_run = found[1].startswith("flows.")
            yield Command(page.name, found[1], tuple(spelled_out(words) if is_run else words))


def app_for(module: str, words: tuple[str, ...]) -> App | None:
    """Return the command line of a module of this project, or of the subcommand that is named.

    None where a page names the module alone, though it does nothing without a subcommand.
    """
    groups = {
        "tasks.ingest": ingest_app,
        "tasks.report": lambda: report.APP,
        "tasks.compare": compare_app,
        "tasks.reconstruct": reconstruct_app,
    }
    if module in groups:
        return groups[module]()[words[0]] if words else None
    if module == "deployments.run":
        return make_app(words) if words else None
    made = {
        "flows.phase_g": lambda: study_app(CONDITION),
        "flows.dose_overlap_study": lambda: study_app(SWEEP),
        "tasks.simulate": simulate_app,
        "tasks.export": export_app,
        "deployments.deploy": lambda: new_app(module, deploy),
        "deployments.serve": lambda: new_app(module, serve),
        "deployments.stop": lambda: new_app(module, stop),
    }
    return made[module]()


def options_of(app: App) -> set[str]:
    """Return the names of all options of a command line."""
    collection = app.assemble_argument_collection()
    return {name for argument in collection for name in argument.names} | {"--help"}


COMMANDS = [command for page in PAGES for command in commands_of(page)]
OWN = [command for command in COMMANDS if command.module not in FOREIGN_MODULES]
NAMES = [f"{command.page}: {command.module} {' '.join(command.words)}" for command in OWN]


def test_the_pages_show_commands_of_every_command_line():
    assert {command.module for command in OWN} >= {
        "flows.phase_g",
        "flows.dose_overlap_study",
        "tasks.simulate",
        "tasks.ingest",
        "tasks.report",
        "tasks.export",
        "tasks.compare",
        "deployments.run",
        "deployments.deploy",
    }


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_names_a_module(command):
    assert importlib.util.find_spec(command.module) is not None


@pytest.mark.parametrize("command", OWN, ids=NAMES)
def test_every_command_has_options_that_exist(command):
    app = app_for(command.module, command.words)
    assert app is not None or not command.options
    for option in command.options:
        known = options_of(app)
        stem = option.removesuffix("…")
        assert option in known or (stem != option and any(name.startswith(stem) for name in known))


@pytest.mark.parametrize(
    "command", [command for command in OWN if command.is_complete and command.words], ids=str
)
def test_every_command_without_placeholders_is_understood_with_its_values(command):
    if "--help" in command.words:
        return
    words = list(command.words)
    if command.module in ("tasks.ingest", "tasks.report", "tasks.compare"):
        words = words[1:]
    app = app_for(command.module, command.words)
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_alone_exists(page, known_options):
    for code in code_of(page):
        if re.match("--[a-z]", code):
            option = re.split(r"[ =]", code)[0]
            assert option in known_options, code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_of_make_that_a_page_names_exists(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for code in code_of(page):
        assert set(TARGET.findall(code)) <= targets, code


@pytest.fixture(scope="module")
def known_options():
    words = {
        "flows.phase_g": (),
        "flows.dose_overlap_study": (),
        "tasks.simulate": (),
        "tasks.export": (),
        "tasks.reconstruct": ("predict",),
        "deployments.run": ("phase-g/local",),
        "deployments.deploy": (),
        "deployments.serve": (),
    }
    groups = [("tasks.ingest", ("check",)), ("tasks.ingest", ("import",))]
    groups += [("tasks.compare", ("score",))]
    groups += [("tasks.report", ("diff",)), ("tasks.report", ("history",)), *words.items()]
    found = (options_of(app_for(module, these)) for module, these in groups)
    return set().union(*found) | {"--scan"}


@pytest.mark.slow
def test_the_commands_of_a_scan_alone_do_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = [one for one in COMMANDS if one.page == "simulation.md" and one.is_complete]
    runs = [
        one.words for one in shown if one.module == "tasks.simulate" and "--help" not in one.words
    ]
    assert len(runs) == 2
    for words in runs:
        assert simulate_main(list(words)) == 0
        assert (tmp_path / words[0] / "test.cxi").is_file()
