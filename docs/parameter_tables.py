"""A directive that lists what a model of parameters asks for, drawn from the model itself.

    ```{parameters} flows.params.run:PhaseGParams
    :first: The run
    ```

gives a table of the model's own fields below the heading `The run`, and one for each group in it
below its own: name and option, default, values with their range, meaning. A model without groups
needs no heading. With the flag `:keys:` fields have the names of their keys in JSON instead of
options, and those that are filled in come too. The directive `architectures` lists the networks
that a run can choose.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from docutils import nodes
from docutils.parsers.rst import directives
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deployments.form import range_text, with_ranges
from flows.params.run import DOSE_OPTIONS
from tasks.networks.architectures import ARCHITECTURES

Schema = Mapping[str, Any]
# The style sheet stacks tables of this class on a phone.
FENCE = (":::{table}", ":class: parameters", "")
HEADER = ("| parameter | default | values | what it is |", "| --- | --- | --- | --- |")
# Options that are named by hand, since another word is at home in the field.
OPTIONS = {
    "photons_per_pattern": DOSE_OPTIONS[0],
    "measured.labels": "--labels",
}
# Filled in by the program, and not asked for.
FILLED_IN = {"file_sha256", "part_of_sweep"}
WORDS = {"boolean": "yes or no", "integer": "whole number", "string": "text"}


class ParameterTables(SphinxDirective):
    """Tables of the fields of a model, one for each of its groups."""

    required_arguments = 1
    option_spec: ClassVar = {"first": directives.unchanged, "keys": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the tables as nodes; those below a heading go to the page by themselves."""
        first = self.options.get("first", "")
        lines = tables_of(model_named(self.arguments[0]), first, as_keys="keys" in self.options)
        text = "\n".join(lines)
        if "\n### " in text and not first:
            raise self.error(
                f"{self.arguments[0]} has groups, whose sections would come before its own table. "
                f"Give that a heading, too: `:first: HEADING`."
            )
        return self.parse_text_to_nodes(text, allow_section_headings=bool(first))


class ArchitectureTable(SphinxDirective):
    """Table of the choices of `--architecture`."""

    def run(self) -> list[nodes.Node]:
        """Return the table as nodes."""
        rows = [f"| `{choice.name}` | {choice.meaning} |" for choice in ARCHITECTURES.values()]
        lines = ["| `--architecture` | what it is |", "| --- | --- |", *rows]
        return self.parse_text_to_nodes("\n".join(lines))


def model_named(name: str) -> type[BaseModel]:
    """Return the model of a name such as `flows.params.run:PhaseGParams`."""
    module, _, model = name.partition(":")
    found: type[BaseModel] = getattr(importlib.import_module(module), model)
    return found


def tables_of(model: type[BaseModel], first: str = "", *, as_keys: bool = False) -> Iterator[str]:
    """Yield the lines of Markdown tables: the fields of a model, and of each group in it.

    Args:
        model: The model; its groups are models, too.
        first: Heading of the model's own fields; none without.
        as_keys: Name fields by their keys in JSON, not by their options.
    """
    schema: Schema = with_ranges(model.model_json_schema())
    if first:
        yield from ("", f"### {first}", "")
    yield from _Tables(schema, as_keys).of_group("", "", schema)


@dataclass(frozen=True)
class _Tables:
    """The tables of one schema.

    Attributes:
        schema: Schema of the whole model.
        as_keys: Name fields by their keys in JSON, not by their options.
    """

    schema: Schema
    as_keys: bool

    def of_group(self, prefix: str, title: str, group: Schema) -> Iterator[str]:
        """Yield the table of a group's own fields, then those of the groups in it."""
        inner, rows = [], []
        for name, field in group["properties"].items():
            if name in FILLED_IN and not self.as_keys:
                continue
            groups = self._groups_of(field)
            inner += [(f"{prefix}{name}.", field, found) for found in groups]
            if not groups:
                rows.append(self._row(f"{prefix}{name}", field))
        if rows:
            yield from ("", *FENCE, *HEADER, *rows, ":::")
        for deeper, field, found in inner:
            kind = found["properties"].get("kind", {}).get("const", "")
            own = f"{field['title']} {kind}".strip()
            below = f"{title}: {own[0].lower()}{own[1:]}" if title else own
            yield from ("", f"### {below}", "")
            if "description" in field:
                yield from (f"{field['description']}.", "")
            yield from self.of_group(deeper, below, found)

    def _row(self, name: str, field: Schema) -> str:
        shown = name if self.as_keys else OPTIONS.get(name, f"--{name.replace('_', '-')}")
        bounds = range_text(field)
        meaning = field.get("description", "").removesuffix(f"({bounds})").strip()
        values = ", ".join(filter(None, (self._values(field), bounds)))
        cells = (f"{field['title']}<br>`{shown}`", _default(field), values, meaning)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    def _values(self, field: Schema) -> str:
        """Return the choices of a field, or the kind of its value."""
        parts = [self._resolved(part) for part in field.get("anyOf", [field])]
        found = [self._kind(part) for part in parts if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(found))

    def _kind(self, part: Schema) -> str:
        choices = part.get("enum", [part["const"]] if "const" in part else [])
        if choices:
            return ", ".join(f"`{value}`" for value in choices)
        if "prefixItems" in part:
            return " and ".join(self._kind(self._resolved(item)) for item in part["prefixItems"])
        if "items" in part:
            return f"several of {self._kind(self._resolved(part['items']))}"
        if part.get("format") in ("path", "file-path"):
            return "path"
        return WORDS.get(part.get("type", ""), part.get("type", ""))

    def _groups_of(self, field: Schema) -> list[Schema]:
        """Return the models that a field may hold; none where it is a plain value."""
        parts = [*field.get("anyOf", []), *field.get("oneOf", []), field.get("items", {}), field]
        found = [self._resolved(part) for part in parts]
        return [part for part in found if "properties" in part]

    def _resolved(self, part: Schema) -> Schema:
        """Return what a part of a schema refers to, or the part itself."""
        reference = part.get("$ref")
        if reference is None:
            return part
        found: Schema = self.schema["$defs"][reference.rpartition("/")[2]]
        return found


def _default(field: Schema) -> str:
    if "default" not in field:
        return "needed"
    value = field["default"]
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, list):
        return ", ".join(f"`{_text(item)}`" for item in value)
    return f"`{_text(value)}`"


def _text(value: object) -> str:
    return orjson.dumps(value).decode().strip('"')


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("parameters", ParameterTables)
    app.add_directive("architectures", ArchitectureTable)
    return {"parallel_read_safe": True}
