"""The documentation as a site: `make docs` builds it with Sphinx, with nothing from the network."""

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

project = "Phase G"
author = "the authors of Phase G"
release = version_of("phase-g")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "parameter_tables",
    "json_schemas",
]
exclude_patterns = ["_build", "gallery", "sweeps"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autoclass_content = "both"
# Docstrings give shapes and units, which say more than the types of arrays.
autodoc_typehints = "none"
# TensorFlow and torch take seconds to load, and no page needs them.
autodoc_mock_imports = ["tensorflow", "torch", "keras", "ptychi"]

html_theme = "furo"
html_title = f"Phase G {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c8c", "color-brand-content": "#0b5c8c"},
    "dark_css_variables": {"color-brand-primary": "#7cc0ea", "color-brand-content": "#7cc0ea"},
}

CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
# Inline code up to so many characters stays on one line: no option breaks at its dashes, while long
# paths may, or a table of them would be wider than the page.
LONGEST_OPTION, LONGEST_WORD = 30, 16


def as_restructured_text(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Turn a docstring's `code` and |bars|, which are plain text there, into what Sphinx reads."""
    del app, what, name, thing, options
    lines[:] = [CODE.sub(r"``\1``", line).replace("|", r"\|") for line in lines]


def keep_short_code_whole(app: Sphinx, document: nodes.document) -> None:
    """Give inline code that fits on a line the class that the style sheet does not break."""
    del app
    for code in document.findall(nodes.literal):
        text = code.astext()
        if len(text) <= (LONGEST_OPTION if text.startswith("--") else LONGEST_WORD):
            code["classes"].append("unbroken")


def setup(app: Sphinx) -> None:
    """Read docstrings as they are written, and keep options whole."""
    app.connect("autodoc-process-docstring", as_restructured_text)
    app.connect("doctree-read", keep_short_code_whole)
