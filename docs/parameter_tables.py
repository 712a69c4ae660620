"""A directive that lists what a model of parameters asks for, drawn from the model itself.

    ```{parameters} flows.params:PhaseGParams
    ```

gives a table for the model and one for each group in it, below headings of the third level:
option, default, values, meaning.
"""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from docutils.nodes import Node
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deployments.form import with_ranges
from flows.params import DOSE_OPTIONS

Schema = Mapping[str, Any]
# Options that are named by hand, since another word is at home in the field.
OPTIONS = {
    "photons_per_pattern": DOSE_OPTIONS[0],
    "measured.labels": "--labels",
}
# Filled in by the program, and not asked for.
FILLED_IN = {"file_sha256", "part_of_sweep"}


class ParameterTables(SphinxDirective):
    """Tables of the fields of a model, one for each of its groups."""

    required_arguments = 1

    def run(self) -> list[Node]:
        """Return the tables as nodes."""
        text = "\n".join(tables_of(model_named(self.arguments[0])))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def model_named(name: str) -> type[BaseModel]:
    """Return the model of a name such as `flows.params:PhaseGParams`."""
    module, _, model = name.partition(":")
    found: type[BaseModel] = getattr(importlib.import_module(module), model)
    return found


def tables_of(model: type[BaseModel]) -> Iterator[str]:
    """Yield the lines of Markdown tables: the fields of a model, and of each group in it.

    Args:
        model: The model; its groups are models, too.
    """
    schema: Schema = with_ranges(model.model_json_schema())
    yield from ("### The run", "")
    yield from _group_tables("", schema, schema)


def _group_tables(prefix: str, group: Schema, schema: Schema) -> Iterator[str]:
    """Yield the table of a group's own fields, then those of the groups in it."""
    groups = {}
    yield from ("| option | default | values | what it is |", "| --- | --- | --- | --- |")
    for name, field in _fields(group):
        inner = _group_of(field, schema)
        if inner is None:
            yield _row(_option(f"{prefix}{name}"), field, schema)
        else:
            groups[name] = (field, inner)
    for name, (field, inner) in groups.items():
        yield from ("", f"### {field['title']}", "")
        if "description" in field:
            yield from (f"{field['description']}.", "")
        yield from _group_tables(f"{prefix}{name}.", inner, schema)


def _fields(schema: Schema) -> Iterator[tuple[str, Schema]]:
    return ((n, field) for n, field in schema["properties"].items() if n not in FILLED_IN)


def _option(name: str) -> str:
    """Return the option of the command line."""
    return OPTIONS.get(name, "--" + name.replace("_", "-"))


def _row(option: str, field: Schema, schema: Schema) -> str:
    cells = (f"`{option}`", _default(field), _values(field, schema), field.get("description", ""))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: Schema) -> str:
    if "default" not in field:
        return "needed"
    value = field["default"]
    return "none" if value is None else f"`{orjson.dumps(value).decode().strip(chr(34))}`"


def _values(field: Schema, schema: Schema) -> str:
    """Return the choices of a field, or the kind of its value."""
    parts = [_resolved(part, schema) for part in field.get("anyOf", [field])]
    found = [_kind(part, schema) for part in parts if part.get("type") != "null"]
    return " or ".join(dict.fromkeys(found))


def _kind(part: Schema, schema: Schema) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if "items" in part:
        return f"several of {_kind(_resolved(part['items'], schema), schema)}"
    if "prefixItems" in part:
        return " and ".join(_kind(_resolved(item, schema), schema) for item in part["prefixItems"])
    if part.get("format") in ("path", "file-path"):
        return "path"
    words = {"boolean": "yes or no", "integer": "whole number", "string": "text"}
    return words.get(part.get("type", ""), part.get("type", ""))


def _group_of(field: Schema, schema: Schema) -> Schema | None:
    """Return the model that a field holds; None where it is a plain value."""
    for part in field.get("anyOf", [field]):
        found = _resolved(part, schema)
        if "properties" in found:
            return found
    return None


def _resolved(part: Schema, schema: Schema) -> Schema:
    """Return what a part of a schema refers to, or the part itself."""
    reference = part.get("$ref")
    if reference is None:
        return part
    found: Schema = schema["$defs"][reference.rpartition("/")[2]]
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("parameters", ParameterTables)
    return {"parallel_read_safe": True}
